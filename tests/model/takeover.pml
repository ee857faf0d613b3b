/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The takeover fence: one conversation, its lane (crashing), a desktop, two deliver workers (duplicated, crashing).
 * Event k = 1..E; its message has the event's id. With LLM, event 2 is the result of an effect that event 1 asked for.
 * Where a rule lives is said at its transition; -DRULE leaves it out and must end in an error (README.md).
 */
#ifndef E
#define E 2
#endif
#ifndef BTK
#define BTK 1      /* desk.take_over */
#endif
#ifndef BRT
#define BRT 1      /* desk.return_to_bot */
#endif
#ifndef BCR
#define BCR 1      /* crashes of deliver */
#endif
#ifndef BLC
#define BLC 1      /* crashes of the lane */
#endif
#ifndef BRETRY
#define BRETRY 0   /* retryable answers of WhatsApp */
#endif
#ifndef TRIG
#define TRIG 0     /* the event that hands the conversation to the queue; 0: none */
#endif
#define NC 5       /* commands */
#define BOT 0
#define HUMAN 1
#define QUEUED 2
#define S_NONE 0   /* relevo.send */
#define S_CLAIMED 1
#define S_DONE 2
#define S_SUPP 3
#define S_UNK 4

/* ---- Postgres */
byte own; byte ep=1; byte ver=1;      /* relevo.conversation: owner, epoch, version */
byte next=1;
byte mep[E+2];                        /* a message's epoch; 0: no message */
byte snd[E+2]; byte by[E+2];
byte effep;                           /* the epoch of the effect asked for by event 1 */
byte cmd[NC+1]; byte cepo[NC+1]; byte cversion[NC+1]; byte applied[NC+1]; /* relevo.command: 1 waits, 2 taken */
byte alloc;                           /* ids given to commands */
byte dep=1;                           /* decided_epoch of the state */
/* ---- Kafka */
byte pubd;                            /* outbound is published up to this event */
byte coff=1;                          /* deliver's committed position */
/* ---- ghosts */
bool forbid[E+2]; bool forbidE; byte sent[E+2]; byte lastsent; byte decided[E+2];
byte told=1;                          /* the last epoch that the ownership topic tells */
byte seenid;                          /* CMD_CURSOR: the last command taken */
byte btk=BTK, brt=BRT, bcr=BCR, blc=BLC, bretry=BRETRY;
byte g;

/* After a takeover commits, no message decided before it may be claimed any more. */
inline desk_ghost() {
  g=1; do :: g<=E -> if :: mep[g]>0 && snd[g]==S_NONE -> forbid[g]=1 :: else fi; g++ :: else -> break od; g=0;
  if :: effep>0 -> forbidE=1 :: else fi
}
/* Rule: a desk function raises epoch and version, and leaves a command that carries both (relevo.desk_write). */
inline desk_write(who) {
  own=who;
#ifndef NO_RAISE
  ep++;
#endif
  ver++; alloc++; cmd[alloc]=1; cepo[alloc]=ep; cversion[alloc]=ver
}
proctype Agent() {
  do
  :: d_step { btk>0 && own!=HUMAN -> btk--; desk_write(HUMAN); desk_ghost() }
  :: d_step { brt>0 && own==HUMAN -> brt--; desk_write(BOT) }
  od
}
#ifdef TWOCONV
proctype Agent2() { byte id;   /* a command on another conversation of the lane: its id is drawn, it commits later */
  d_step { alloc++; id=alloc }
  d_step { cmd[id]=1; cepo[id]=0 }
}
#endif
#ifdef CMD_CURSOR  /* rule: commands are taken by deletion (take_commands), never by `id > last` */
#define PEND(x) (cmd[x]==1 && x>seenid)
#else
#define PEND(x) (cmd[x]==1)
#endif
#define PENDING (PEND(1) || PEND(2) || PEND(3) || PEND(4) || PEND(5))

#define TAKE c=1; maxid=seenid; do :: c<=NC -> if :: PEND(c) -> taken[c]=1; maxid=c; \
    if :: cepo[c]>me -> me=cepo[c] :: else fi; if :: cversion[c]>mv -> mv=cversion[c] :: else fi \
  :: else fi; c++ :: else -> break od; c=0
#define UNTAKE c=1; do :: c<=NC -> taken[c]=0; c++ :: else -> break od; c=0; me=0; mv=0; maxid=seenid

proctype Lane() {
  byte cown; byte cep; byte cver; bool cached; bool trig; bool ev; bool again; byte st; byte m; byte c; byte me; byte mv;
  bool taken[NC+1]; byte maxid;
  do
  /* fetch (fetch.c): commands when told or when it is time to look, the next event when it is there */
  :: d_step { st==0 && PENDING -> again=0; ev=0; st=1; TAKE }
  :: d_step { st==0 && PENDING && next<=E -> again=0; ev=1; st=1; TAKE }
  :: d_step { st==0 && next<=E && !(again && PENDING) -> again=0; ev=1; st=1 }
  /* load (batch.c: fill, check_commands). Rules: a copy older than a command is loaded again; a row whose epoch nobody
     has decided, nor a command of this batch makes, has a command waiting, which comes first. */
  :: d_step { st==1 ->
       if :: !cached || cver<mv -> cown=own; cep=ep; cver=ver; cached=1 :: else fi;
       if
#ifndef NO_COMMAND_FIRST
       :: cep>dep && cep>me -> cached=0; again=1; st=0; UNTAKE
#endif
       :: else -> st=2
       fi }
  /* step (conversation/step.c), on what was loaded */
  :: d_step { st==2 -> m=0; trig=0;
       if :: ev && cown==BOT ->
#ifdef LLM   /* rule: a result speaks only in the epoch in which it was asked for */
#ifdef NO_EFFECT_EPOCH
            m=cep;
#else
            if :: next==2 && effep!=cep -> m=0 :: else -> m=cep fi;
#endif
#else
            m=cep;
#endif
          :: else fi;
       /* A notice carries the epoch after its step. */
       if :: next==TRIG && m>0 -> m=cep+1; trig=1 :: else fi;
       st=3 }
  /* commit (statements.c: update). Rule: the version is compared, and a mismatch raises. */
  :: d_step { st==3 ->
       if
#ifdef NO_CAS
       :: true ->
#else
       :: ver==cver ->
#endif
            c=1; do :: c<=NC ->
                   if :: taken[c] -> assert(cmd[c]==1); cmd[c]=2; applied[c]++; assert(applied[c]==1);
                         if :: cepo[c]>0 -> assert(cepo[c]==told+1); told=cepo[c] :: else fi  /* no ownership is skipped */
                      :: else fi; c++ :: else -> break od; c=0;
            if :: ev ->
                 if :: m>0 -> assert(own==BOT && (ep==m || (trig && ep+1==m)));  /* the bot decides only while it owns */
#ifdef LLM
                              assert(!(next==2 && forbidE));   /* no answer conceived before a takeover */
#endif
                    :: else fi;
                 decided[next]++; assert(decided[next]==1);
                 if :: trig -> assert(ep==told); own=QUEUED; ep++; told=ep; cown=own; cep=ep :: else fi;
                 mep[next]=m;
#ifdef LLM
                 if :: next==1 && m>0 -> effep=m; mep[1]=0 :: else fi;
#endif
                 next++
               :: else fi;
            seenid=maxid; dep=told;
            ver++; cver=ver; st=0; UNTAKE
#ifndef NO_CAS
#ifdef CAS_NORELOAD
       :: ver!=cver -> cver=ver; st=2           /* takes the new version but steps on the old view */
#else               /* lane.c: decide; rlv_batch_forget, rlv_fetch_commands_again */
       :: ver!=cver -> again=1; st=0; UNTAKE;
#ifndef KEEP_CACHE
            cached=0
#endif
#endif
#endif
       fi;
       m=0; trig=0 }
  :: d_step { pubd<next-1 -> pubd++ }
  :: d_step { blc>0 -> blc--; st=0; cached=0; again=0; ev=0; cown=0; cep=0; cver=0; m=0; trig=0; UNTAKE }
  od
}

/* ---- deliver (relevo.claim_sends and its callers). Rules: a claim tests the epoch in the statement that locks the row;
   nothing is claimed while an earlier message of the conversation is unfinished; every attempt is claimed. */
#define BLOCKED ((k>1 && snd[k-1]==S_CLAIMED) || (k>2 && snd[k-2]==S_CLAIMED))
#ifdef NO_ORDER
#define ORDERGUARD true
#else
#define ORDERGUARD (!BLOCKED)
#endif
proctype Deliver(byte d) {
  byte k; byte st; bool ok; bool retried;
  k=1;
  do
  :: d_step { st==0 && k<=pubd && mep[k]==0 -> k++; if :: coff<k -> coff=k :: else fi }
#ifdef CLAIM_NOLOCK
  :: d_step { st==0 && k<=pubd && mep[k]>0 -> ok=(ep==mep[k]); st=9 }
  :: d_step { st==9 -> if :: snd[k]!=S_NONE -> st=5
                          :: else -> if :: ok -> snd[k]=S_CLAIMED; by[k]=d+1; assert(!forbid[k]); st=1 :: else -> snd[k]=S_SUPP; st=5 fi fi; ok=0 }
#else
  :: d_step { st==0 && k<=pubd && mep[k]>0 && ORDERGUARD ->
       if :: snd[k]!=S_NONE ->                  /* the id is unique: another worker has it */
#ifdef DUP_SENDS
              st=1
#else
              st=5
#endif
#ifdef NO_EPOCH
          :: snd[k]==S_NONE && own==BOT -> snd[k]=S_CLAIMED; by[k]=d+1; assert(!forbid[k]); st=1
          :: snd[k]==S_NONE && own!=BOT -> snd[k]=S_SUPP; st=5
#else
          :: snd[k]==S_NONE && ep==mep[k] -> snd[k]=S_CLAIMED; by[k]=d+1; assert(!forbid[k]); st=1
          :: snd[k]==S_NONE && ep!=mep[k] -> snd[k]=S_SUPP; st=5
#endif
       fi }
#endif
  /* HTTP */
  :: d_step { st==1 ->
#ifdef STRICT      /* not promised: between claim and HTTP a person may take over */
       assert(!(own==HUMAN));
#endif
       assert(!(retried && ep!=mep[k]));        /* no further attempt after a takeover */
       sent[k]++; assert(sent[k]==1);
       assert(k>lastsent);
       lastsent=k; st=2 }
  :: d_step { st==1 && bretry>0 -> bretry--; retried=1;   /* refused, nothing was sent: later again */
#ifdef NO_RECLAIM
       st=1
#else
       st=3
#endif
     }
  :: d_step { st==3 && ep==mep[k] -> retried=0; st=1 }
  :: d_step { st==3 && ep!=mep[k] -> retried=0; snd[k]=S_SUPP; st=5 }
  :: d_step { st==2 -> snd[k]=S_DONE; retried=0; st=5 }
  :: d_step { st==5 -> k++; st=0; if :: coff<k -> coff=k :: else fi }
  :: d_step { bcr>0 -> bcr--;
#ifndef NO_ORDER   /* the sweeper: the claim of a dead worker becomes unknown, and is never sent again */
       g=1; do :: g<=E -> if :: snd[g]==S_CLAIMED && by[g]==d+1 -> snd[g]=S_UNK :: else fi; g++ :: else -> break od; g=0;
#endif
       st=0; ok=0; retried=0; k=coff }
  od
}
proctype Mon() {
  end: timeout ->
    assert(next==E+1 && pubd==E);
    d_step { g=1; do :: g<=alloc -> assert(cmd[g]==2 && applied[g]==1); g++ :: else -> break od; g=0 }
#ifndef NO_ORDER
    d_step { g=1; do :: g<=E -> assert(mep[g]==0 || snd[g]>=S_DONE); g++ :: else -> break od }
#endif
}
init { atomic { run Agent();
#ifdef TWOCONV
  run Agent2();
#endif
  run Lane(); run Deliver(0); run Deliver(1); run Mon() } }
