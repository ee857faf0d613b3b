/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two conversations of one customer become one: the survivor S (row 0, lane 0) and the loser L (row 1, lane 1), which crash; desktops that take
 * over either, by whichever id they know; a deliver. Lane 1 has N1 events of L; event J of lane 0's N0 shows both identities, and joins.
 * Where a rule lives is said at its transition; -DRULE leaves it out and must end in an error (README.md).
 */
#define N1 2
#define N0 2
#ifndef J
#define J 1
#endif
#ifndef BTK
#define BTK 2      /* desk.take_over */
#endif
#ifndef BRT
#define BRT 1      /* desk.return_to_bot */
#endif
#ifndef BLC
#define BLC 1      /* crashes of a lane */
#endif
#ifndef BLOOK
#define BLOOK 4    /* how often a desktop looks, and then acts or finds that it is not as it was */
#endif
#define S 0
#define L 1
#define BOT 0
#define HUMAN 1
#define CLOSED 2
#define NC 5                 /* commands */
#define NM (N1+N0+N1)        /* messages: of L's events as L decided them, of S's own, of L's events as S decided them */
#define MS(k) (N1+k)
#define MF(k) (N1+N0+k)
#define ROW(i) (i<=N1 -> L : S)

/* ---- Postgres */
byte own[2]; byte ep[2]=1; byte ver[2]=1; bool fwd;     /* relevo.conversation; fwd: L's forward */
byte next[2]=1; byte rnext=1;                           /* lane 0 reads the results too */
byte cmd[NC+1]; byte clane[NC+1]; byte cepo[NC+1]; byte cversion[NC+1]; byte alloc; /* relevo.command: 1 waits, 2 taken */
byte mep[NM+1]; bool snd[NM+1];                         /* a message's epoch, and whether its claim was answered */
byte dep[2]=1;                                          /* decided_epoch of the states */
/* ---- Kafka */
byte res; byte resev[N1+1];                             /* relevo.results.v1 of lane 0: L's events that lane 1 forwarded */
/* ---- ghosts */
bool forbid[NM+1]; byte done0[N0+1]; byte done1[N1+1];
byte btk=BTK, brt=BRT, blc=BLC, blook=BLOOK; byte g;

/* While a person has the customer, nothing that the bot decided before may be claimed any more. */
inline people_have_it(both, row) {
  g=1; do :: g<=NM -> if :: mep[g]>0 && !snd[g] && (both || ROW(g)==row) -> forbid[g]=1 :: else fi; g++ :: else -> break od; g=0
}
inline command(row) { alloc++; cmd[alloc]=1; clane[alloc]=row; cepo[alloc]=ep[row]; cversion[alloc]=ver[row] }

inline desk_write(who) { assert(!(row==L && fwd)); own[row]=who; ep[row]++; ver[row]++; command(row) }

/* relevo.desk_lock, desk_write. Rules: a desktop acts on the conversation that its id leads to when the row is locked; a change that
   names the epoch which the desktop saw is done on that ownership only. */
#define ROOT(c) (c==L && fwd -> S : c)
proctype Agent() {
  byte id; byte row; byte sep; byte sown; bool look;
  do
  :: d_step { !look && blook>0 -> blook--; look=1; id=S; row=S; sep=ep[S]; sown=own[S] }
  :: d_step { !look && blook>0 -> blook--; look=1; id=L; row=ROOT(L); sep=ep[row]; sown=own[row] }
  :: d_step { look ->
#ifndef DESK_NO_FOLLOW
       row=ROOT(id);
#endif
       assert(ep[row]!=sep || own[row]==sown);   /* a generation is one ownership, under whichever id */
       if :: ep[row]==sep && sown==HUMAN && brt>0 -> desk_write(BOT); brt--
          :: ep[row]==sep && sown!=HUMAN && btk>0 -> desk_write(HUMAN); btk--; people_have_it(fwd, row)
          :: own[row]!=HUMAN && btk>0 -> desk_write(HUMAN); btk--; people_have_it(fwd, row)   /* p_epoch NULL: whatever it is */
          :: else
       fi;
       look=0; id=0; row=0; sep=0; sown=0 }
  od
}

#define MINE(c) (cmd[c]==1 && clane[c]==l)
#define PENDING (MINE(1) || MINE(2) || MINE(3) || MINE(4) || MINE(5))
#define TAKE c=1; do :: c<=NC -> if :: MINE(c) -> taken[c]=1; \
    if :: cepo[c]>me -> me=cepo[c] :: else fi; if :: cversion[c]>mv -> mv=cversion[c] :: else fi \
  :: else fi; c++ :: else -> break od; c=0
#define UNTAKE c=1; do :: c<=NC -> taken[c]=0; c++ :: else -> break od; c=0; me=0; mv=0; ev=0; m=0; joins=0; st=0
#define ONLY_FORWARDS (ev==OWN && cfwd && me==0)   /* touches no row */
#ifdef NO_LOSER_CAS
#define LOSER_IS_SAME true
#else
#define LOSER_IS_SAME (!joins || ver[L]==lver)
#endif
#define NOEV 0
#define OWN 1      /* the next event of the lane's partition */
#define RESULT 2   /* lane 0: the next one that was forwarded */

proctype Lane(byte l) {
  byte cown; byte cep; byte cver; bool cached; bool cfwd;   /* the lane's own row, as it was loaded: perhaps long ago */
  byte lown; byte lep; byte lver;                           /* lane 0: the loser's row, loaded for this batch */
  byte ev; bool again; bool joins; byte st; byte m; byte c; byte me; byte mv; byte k; bool taken[NC+1];
  do
  /* fetch */
  :: d_step { st==0 && PENDING -> again=0; ev=NOEV; st=1; TAKE }
  :: d_step { st==0 && next[l]<=(l==S -> N0 : N1) && !(again && PENDING) -> again=0; ev=OWN; st=1; TAKE }
  :: d_step { st==0 && l==S && rnext<=res && !(again && PENDING) -> again=0; ev=RESULT; st=1; TAKE }
  /* load (batch.c: recall, fill, check_commands); a copy may be old, but not older than a command */
  :: d_step { st==1 ->
       if :: !cached || cver<mv -> cown=own[l]; cep=ep[l]; cver=ver[l]; cached=1; 
#ifndef NO_FORWARD
                                cfwd=(l==L && fwd)
#endif
          :: else fi;
       joins=(l==S && ev==OWN && next[S]==J && !fwd);
       if :: joins -> lown=own[L]; lep=ep[L]; lver=ver[L] :: else fi;
       if :: cep>dep[l] && cep>me -> cached=0; again=1; UNTAKE :: else -> st=2 fi }
  /* step (join.c, step.c), on what was loaded. Rules: the owner nearer to people wins; the epoch is the larger of the two plus one;
     what comes for a loser is forwarded (settle). */
  :: d_step { st==2 ->
       if :: joins ->
#ifdef EPOCH_OWN
              cep++;
#else
              if :: lep>cep -> cep=lep+1 :: else -> cep=cep+1 fi;
#endif
              if :: lown==HUMAN -> cown=HUMAN :: else fi
          :: else fi;
       if :: ev!=NOEV && !cfwd && cown==BOT -> m=cep :: else fi;
       st=3 }
  /* commit. Rules: the versions of both rows are compared; the loser is closed, its epoch rises and a command tells its lane, in the
     same transaction (relevo.join_conversations). */
  :: d_step { st==3 ->
       if
       :: (ver[l]==cver || ONLY_FORWARDS) && LOSER_IS_SAME ->
            c=1; do :: c<=NC ->
                   if :: taken[c] -> assert(cmd[c]==1 && cepo[c]==dep[l]+1); cmd[c]=2; dep[l]=cepo[c] /* no ownership is skipped */
                      :: else fi; c++ :: else -> break od; c=0;
            if :: joins ->
                 assert(own[L]!=HUMAN || cown==HUMAN);        /* who took either has both */
                 own[S]=cown; ep[S]=cep; dep[S]=cep; fwd=1; own[L]=CLOSED; ver[L]++;
#ifndef NO_JOIN_RAISE
                 ep[L]++;
#endif
#ifndef NO_MOVED
                 command(L);
#endif
                 if :: cown==HUMAN -> people_have_it(true, S) :: else fi
               :: else fi;
            if :: ev==OWN && l==L && cfwd -> res++; resev[res]=next[L]; next[L]++
               :: ev==OWN && l==L && !cfwd ->
                    assert(!fwd && (m==0 || (own[L]==BOT && ep[L]==m)));   /* nobody decides on what moved */
                    done1[next[L]]++; mep[next[L]]=m; next[L]++
               :: ev==OWN && l==S ->
                    assert(m==0 || (own[S]==BOT && ep[S]==m));
                    done0[next[S]]++; mep[MS(next[S])]=m; next[S]++
               :: ev==RESULT ->
                    assert(m==0 || (own[S]==BOT && ep[S]==m));
                    k=resev[rnext]; done1[k]++; mep[MF(k)]=m; rnext++; k=0
               :: else fi;
            if :: !ONLY_FORWARDS -> ver[l]++; cver=ver[l] :: else fi;
            lown=0; lep=0; lver=0; UNTAKE
       :: else -> again=1; cached=0; lown=0; lep=0; lver=0; UNTAKE
       fi }
  :: d_step { blc>0 -> blc--; cached=0; again=0; cown=0; cep=0; cver=0; cfwd=0; lown=0; lep=0; lver=0; UNTAKE }
  od
}
/* relevo.claim: the epoch of the message's own conversation, which rises when it becomes a part of another. */
#define CLAIM(i) d_step { mep[i]>0 && !snd[i] -> snd[i]=1; if :: ep[ROW(i)]==mep[i] -> assert(!forbid[i]) :: else fi }
proctype Deliver() {
  do
  :: CLAIM(1) :: CLAIM(2) :: CLAIM(3) :: CLAIM(4) :: CLAIM(5) :: CLAIM(6)
  od
}
proctype Mon() {
  end: timeout -> d_step {
    assert(fwd && next[S]==N0+1 && next[L]==N1+1 && rnext==res+1);
    g=1; do :: g<=N0 -> assert(done0[g]==1); g++ :: else -> break od;
    g=1; do :: g<=N1 -> assert(done1[g]==1); g++ :: else -> break od;
    g=1; do :: g<=alloc -> assert(cmd[g]==2); g++ :: else -> break od;
    assert(dep[S]==ep[S] && dep[L]==ep[L]) }   /* the topics tell who has whom */
}
init { atomic {
#ifdef TWO
  run Agent();
#endif
  run Agent(); run Lane(S); run Lane(L); run Deliver(); run Mon() } }
