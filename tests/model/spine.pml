/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One lane between Postgres and Kafka: two consumers that both may believe it is theirs, both fences, crashes, zombies,
 * and outcomes that nobody knows. Each rule names the function that keeps it; -DRULE leaves it out, and must end in an
 * error (README.md lists them). Must never promise more than the code does: who changes a rule there changes it here.
 *
 * Events 1..N; an event is a batch is a history row, so row seq s must hold event s and the topic must read 1, 2, .., N.
 */
#ifndef N
#define N 3
#endif
#ifndef NT
#define NT 2     /* producers of a lane, used in turn (core/broker/publisher.c) */
#endif
/* How often each trouble may come. */
#ifndef BCRASH
#define BCRASH 1 /* kill -9 */
#endif
#ifndef BREB
#define BREB 1   /* rebalances */
#endif
#ifndef BTO
#define BTO 1    /* Kafka transactions of unknown outcome */
#endif
#ifndef BCOORD
#define BCOORD 0 /* transactions aborted by the coordinator (transaction.timeout.ms) under their owner */
#endif
#ifndef BINIT
#define BINIT 0  /* init_transactions that time out and take effect later */
#endif
#ifndef BPG
#define BPG 0    /* Postgres commits of unknown outcome, maybe effective later */
#endif
#define LM 6     /* records that fit behind the last stable offset */

#if defined(NO_PGFENCE)  /* the whole WHERE of relevo.lane_advance */
#define NO_FENCE
#define NO_CAS
#endif

/* What consumer i does with the lane (core/lane/lane.c). */
#define IDLE 0     /* not given by the group */
#define A_READ 1   /* only with READ_FIRST */
#define A_FENCE 2  /* assign: rlv_store_assign */
#define A_INIT0 3  /* take_kafka: rlv_publisher_new, first producer */
#define A_INIT1 4  /* ... second producer */
#define A_PROG 5   /* take_kafka: read_progress */
#define A_CATCH 6  /* take_kafka: catch_up; nothing is stepped meanwhile */
#define RUN 7      /* turn */
#define UNKNOWN 8  /* a commit whose outcome is not known */
#define HEAL 9     /* heal: the publisher failed */
#define REFUSED 10 /* RLV_E_FENCED from Postgres */

/* How far the transaction of the publishing thread has come. */
#define X_NONE 0
#define X_REC 1    /* records are produced */
#define X_PROG 2   /* and the progress record */

/* A transaction at its coordinator. */
#define EMPTY 0
#define ONGOING 1
#define PREPC 2    /* commit decided, markers not all written */

/* ---- Postgres: relevo.lane and relevo.history */
byte next = 1; byte seq = 0; byte rowev[N+3]; byte cnt[N+3];
byte pgpub;           /* relevo.lane.published */
bool fv[2];           /* i's fence token is the one in the row */
byte pgd[2];          /* a commit still under way in the server after its connection broke: its event */
bool pgdv[2];         /* ... and its token is still the one in the row */
/* ---- Kafka */
bool kv[4];           /* kv[2*t+i]: i's producer holds the current epoch of transactional id t */
byte ts[2]; bool mo[2]; bool mp[2]; bool dc[2]; byte di[2]; /* state, markers to come, delayed commit, delayed inits */
byte lseq[LM]; byte ltid[LM]; bool lst[LM]; byte ln;   /* an output partition from its last stable offset (LSO) on */
byte pval[LM]; byte ptid[LM]; bool pst[LM]; byte pn;   /* the progress partition from its LSO on */
byte pub; byte prog;  /* last record and last progress value below the LSO */
/* ---- the group */
byte owner = 0; bool told[2];
/* ---- consumers */
byte pc[2]; byte mynext[2]; byte know[2]; /* rlv_lane_row: next, seq */
byte pubd[2];                             /* rlv_publishing_published */
byte upto[2]; byte px[2]; byte ct[2];     /* the transaction: last row, how far, whose turn */
bool pf[2];                               /* rlv_publishing.failed: seen by the next turn */
byte bcrash = BCRASH; byte breb = BREB; byte bto = BTO; byte bcoord = BCOORD; byte binit = BINIT; byte bpg = BPG;
#ifdef SHARED_PROG
byte bother = 1; bool oopen;
#endif
hidden byte h; hidden byte g;

#ifdef READ_FIRST
#define AFIRST A_READ
#else
#define AFIRST A_FENCE
#endif
/* Records that became stable are read by everybody (read_committed). */
inline pops() {
  do
  :: ln > 0 && lst[0] ->
       assert(lseq[0] == pub + 1);      /* no duplicate, gap, reordering */
       assert(lseq[0] <= seq);          /* never published without its row */
       pub = lseq[0]; ln--; h = 0;
       do :: h < ln -> lseq[h]=lseq[h+1]; ltid[h]=ltid[h+1]; lst[h]=lst[h+1]; h++ :: else -> break od;
       lseq[ln]=0; ltid[ln]=0; lst[ln]=0
  :: else -> break
  od;
  do
  :: pn > 0 && pst[0] ->
       if :: ptid[0] != 9 -> prog = pval[0] :: else fi;
       pn--; h = 0;
       do :: h < pn -> pval[h]=pval[h+1]; ptid[h]=ptid[h+1]; pst[h]=pst[h+1]; h++ :: else -> break od;
       pval[pn]=0; ptid[pn]=0; pst[pn]=0
  :: else -> break
  od
}
inline abort_open(t) {
  g = 0; h = 0;
  do
  :: h < ln -> if :: (ltid[h]==t && !lst[h]) -> skip
                  :: else -> lseq[g]=lseq[h]; ltid[g]=ltid[h]; lst[g]=lst[h]; g++ fi; h++
  :: else -> break
  od;
  h = g; do :: h < ln -> lseq[h]=0; ltid[h]=0; lst[h]=0; h++ :: else -> break od; ln = g;
  g = 0; h = 0;
  do
  :: h < pn -> if :: (ptid[h]==t && !pst[h]) -> skip
                  :: else -> pval[g]=pval[h]; ptid[g]=ptid[h]; pst[g]=pst[h]; g++ fi; h++
  :: else -> break
  od;
  h = g; do :: h < pn -> pval[h]=0; ptid[h]=0; pst[h]=0; h++ :: else -> break od; pn = g;
  ts[t] = EMPTY;
  pops()
}
inline bump(t) {           /* InitProducerId: epoch + 1, the open transaction aborted */
  kv[2*t]=0; kv[2*t+1]=0; dc[t]=0;
  if :: ts[t]==ONGOING -> abort_open(t) :: else fi
}
inline pgapply(e) {        /* relevo.lane_advance and what follows it in the transaction */
  seq++; rowev[seq] = e; cnt[e]++;
  assert(cnt[e] == 1);     /* each event is decided once */
  assert(seq <= N && rowev[seq] == seq);
  next = e + 1
}
inline let_go(i) {         /* let_go in lane.c: everything in memory is dropped, the producers destroyed */
  kv[i]=0; kv[2+i]=0; mynext[i]=0; know[i]=0; pubd[i]=0; upto[i]=0; px[i]=X_NONE; ct[i]=0; pf[i]=0
}
inline forget_txn(i) { px[i]=X_NONE; upto[i]=0 }
inline publish_failed(i) { /* catch_up: assign fails. Else the publishing thread says so, and the next turn heals. */
  forget_txn(i);
  if :: pc[i]==A_CATCH -> let_go(i); pc[i]=AFIRST :: else -> pf[i]=1 fi
}

#ifdef PROG_BEFORE_INIT
#define AFTERFENCE A_PROG
#define AFTERINIT A_CATCH
#define AFTERPROG A_INIT0
#else
#define AFTERFENCE A_INIT0
#define AFTERINIT A_PROG
#define AFTERPROG A_CATCH
#endif
#define MYK kv[2*ct[i]+i]
#define FREE (!MYK || ts[ct[i]]!=PREPC)  /* else the broker says CONCURRENT_TRANSACTIONS, and librdkafka tries again */
#define PUBLISHES ((pc[i]==RUN && !pf[i]) || pc[i]==A_CATCH)
#ifdef INIT_ONE
#define LATE_INIT (ct[i]==1 && !kv[2+i])
#else
#define LATE_INIT false
#endif
#ifdef NO_FENCE
#define FENCE_OK true
#else
#define FENCE_OK fv[i]
#endif
#ifdef NO_CAS
#define CAS_OK true
#define CAS_LATE(i) true
#else
#define CAS_OK (next==mynext[i] && seq==know[i])
#define CAS_LATE(i) (next==pgd[i])
#endif
#ifdef PROG_TO_LSO   /* rlv_broker_last_record reads up to the high watermark, which waits for whatever is open */
#define PROGGUARD true
#else
#define PROGGUARD (pn==0)
#endif
#ifdef PUB_BEFORE_COMMIT
#define LIMIT (mynext[i] > N -> N : mynext[i])
#else
#define LIMIT know[i] /* rlv_publishing_push comes after rlv_store_commit answered */
#endif

proctype P(byte i) {
  do
  :: d_step { pc[i]==IDLE && told[i] -> told[i]=0; let_go(i); pc[i]=AFIRST }   /* consumer.c: on_assigned */

  /* ---- assign. Rule: the token and the offsets are one statement (relevo.lane_assign). The update waits for a
     transaction that holds the row; one that comes after it is refused. */
#ifdef READ_FIRST
  :: d_step { pc[i]==A_READ -> mynext[i]=next; know[i]=seq; pc[i]=A_FENCE }
#endif
  :: d_step { pc[i]==A_FENCE -> fv[1-i]=0; pgdv[0]=0; pgdv[1]=0; fv[i]=1;
#ifndef READ_FIRST
       mynext[i]=next; know[i]=seq;
#endif
#ifdef SEEK_GROUP   /* the group's offset, committed now and then */
       mynext[i] = (next > 1 -> next-1 : next);
#endif
       pc[i]=AFTERFENCE }
  /* Rule: both producers, before the progress is read (publisher.c: rlv_publisher_new). */
  :: d_step { pc[i]==A_INIT0 && ts[0]!=PREPC -> bump(0); kv[i]=1; forget_txn(i); ct[i]=0;
       if :: NT==2 -> pc[i]=A_INIT1 :: else -> pc[i]=AFTERINIT fi }
  :: d_step { pc[i]==A_INIT1 && ts[1]!=PREPC ->
#ifdef INIT_ONE      /* the second one when it is first needed: its predecessor's goes on until then */
       skip;
#else
       bump(1); kv[2+i]=1;
#endif
       pc[i]=AFTERINIT }
#ifdef INIT_ONE
  :: d_step { PUBLISHES && LATE_INIT && px[i]==X_NONE && pubd[i] < LIMIT && ts[1]!=PREPC ->
       bump(1); kv[2+i]=1 }
#endif
  /* An init that times out may take effect later; the lane is assigned again. */
  :: d_step { (pc[i]==A_INIT0 || pc[i]==A_INIT1) && binit>0 -> binit--;
       if :: pc[i]==A_INIT0 -> di[0]++ :: else -> di[1]++ fi; let_go(i); pc[i]=AFIRST }
  /* lane.c: read_progress. What a valid owner reads is what is published, and published <= progress <= seq. */
  :: d_step { pc[i]==A_PROG && PROGGUARD ->
#ifndef PROG_BEFORE_INIT
       assert(!(kv[i] && (NT==1 || kv[2+i])) || prog==pub);
#endif
       assert(!fv[i] || (pgpub<=prog && prog<=seq));
#ifdef REINIT_NOREAD /* heal takes what it remembers */
       if :: pubd[i]==0 -> pubd[i]=prog :: else fi;
#else
       pubd[i]=prog;
#endif
       if :: prog > know[i] -> let_go(i); pc[i]=AFIRST    /* refused: somebody else went on; tried again */
          :: else -> pc[i]=AFTERPROG fi }
  :: d_step { pc[i]==A_CATCH && px[i]==X_NONE && pubd[i]>=know[i] -> pc[i]=RUN }

  /* ---- the batch (lane.c: turn, decide). Rule: relevo.lane_advance asks for token, seq and offsets, and raises. */
  :: d_step { pc[i]==RUN && mynext[i]<=N && mynext[i] > 0 ->
       if
       :: FENCE_OK && CAS_OK -> pgapply(mynext[i]); mynext[i]++; know[i]=seq;
            if :: pubd[i] > pgpub -> pgpub=pubd[i] :: else fi
#ifdef PIPELINED     /* an UPDATE of no row is no error: the rest of the pipeline and COMMIT run */
       :: !(FENCE_OK && CAS_OK) -> cnt[mynext[i]]++; assert(cnt[mynext[i]]==1); pc[i]=REFUSED
#else
       :: !(FENCE_OK && CAS_OK) -> pc[i]=REFUSED
#endif
       fi }
  /* commit.c: no answer to COMMIT. Rule: it is never looked up, the lane is assigned again. */
  :: d_step { pc[i]==RUN && mynext[i]<=N && mynext[i]>0 && bpg>0 && pgd[i]==0 ->
       bpg--; pgd[i]=mynext[i]; pgdv[i]=fv[i]; forget_txn(i); pc[i]=UNKNOWN }
  :: d_step { pc[i]==UNKNOWN ->
#ifdef LOOKUP_SELECT
       if :: fv[i] -> if :: next > mynext[i] -> mynext[i]=next; know[i]=seq :: else fi; pf[i]=0; pc[i]=A_INIT0
          :: else -> pc[i]=REFUSED fi
#else
       let_go(i); pc[i]=AFIRST
#endif
     }

  /* ---- publish (publishing.c: publish; lane.c: catch_up). Everything that waits goes into one transaction. */
  :: atomic { PUBLISHES && px[i]==X_NONE && pubd[i] < LIMIT && FREE && !LATE_INIT ->
#ifdef ANYUPTO       /* or less: catch_up takes pieces, and a batch is told a little later than it is committed */
       if :: upto[i]=LIMIT :: LIMIT > pubd[i]+1 -> upto[i]=pubd[i]+1 fi;
#else
       upto[i]=LIMIT;
#endif
       if :: MYK -> ts[ct[i]]=ONGOING; g=pubd[i]+1;
               do :: g<=upto[i] -> assert(ln<LM); lseq[ln]=g; ltid[ln]=ct[i]; lst[ln]=0; ln++; g++ :: else -> break od
          :: else -> skip fi;               /* produce does not tell */
       px[i]=X_REC }
  /* Rule: the progress record rides in the same transaction (rlv_publish_progress). */
  :: d_step { PUBLISHES && px[i]==X_REC && FREE ->
       if :: MYK -> ts[ct[i]]=ONGOING; assert(pn<LM); pval[pn]=upto[i]; ptid[pn]=ct[i]; pst[pn]=0; pn++
          :: else -> skip fi;
       px[i]=X_PROG }
  /* rlv_publisher_commit. Rule: n+1 begins only when n's commit was answered. */
  :: d_step { PUBLISHES && px[i]==X_PROG && FREE ->
       if
       :: MYK && ts[ct[i]]==ONGOING ->
#ifdef ALT_EARLY
            dc[ct[i]]=1;
#else
            ts[ct[i]]=PREPC; mo[ct[i]]=1; mp[ct[i]]=1;
#endif
            pubd[i]=upto[i]; if :: NT==2 -> ct[i]=1-ct[i] :: else fi; forget_txn(i)
       :: MYK && ts[ct[i]]==EMPTY -> pubd[i]=upto[i]; forget_txn(i)   /* only of a producer used again: EndTxn repeated */
       :: !MYK -> publish_failed(i)      /* fenced, or aborted by the coordinator */
       fi }
  /* The commit times out: it may take effect now, later, or never. Rule: the producer is never used again
     (publishing.c: failed; lane.c: heal), for a late commit may apply to a later transaction of it. */
  :: d_step { PUBLISHES && px[i]==X_PROG && bto>0 && FREE -> bto--;
       if :: MYK && ts[ct[i]]==ONGOING -> dc[ct[i]]=1 :: else fi;
#ifdef SAME_PRODUCER
       forget_txn(i)                     /* taken for failed, published again by the same producer */
#else
       publish_failed(i)
#endif
     }
  /* It fails before its commit is sent. */
  :: d_step { PUBLISHES && px[i]==X_REC && bto>0 -> bto--; publish_failed(i) }

  /* ---- turn: rlv_publishing_state. Rule: Postgres decides who lives; Kafka's refusal alone ends nothing. */
  :: d_step { pc[i]==RUN && pf[i] -> pf[i]=0; pc[i]=HEAL }
  :: d_step { pc[i]==HEAL ->
#ifdef KF_STOP
       let_go(i); pc[i]=IDLE
#else
       if :: fv[i] -> pc[i]=A_INIT0      /* rlv_store_check_fence: still ours, so Kafka is taken back */
          :: else -> pc[i]=REFUSED fi
#endif
     }
  /* run: the group still says it is ours, so it is assigned again. */
  :: d_step { pc[i]==REFUSED ->
       let_go(i);
#ifdef PG_STOP
       pc[i]=IDLE
#else
       pc[i]=AFIRST
#endif
     }
  od
}

/* The group: rebalances, crashes and restarts. */
proctype Group() {
  do
  :: d_step { breb>0 -> breb--; owner=1-owner; told[owner]=1 }
  :: d_step { bcrash>0 && pc[0]!=IDLE -> bcrash--; let_go(0); pc[0]=IDLE; told[0]=(owner==0) }
  :: d_step { bcrash>0 && pc[1]!=IDLE -> bcrash--; let_go(1); pc[1]=IDLE; told[1]=(owner==1) }
  od
}
/* A loser learns of it at any time, or never: a zombie (consumer.c: on_revoked, lane.c: leave). */
proctype Revoke() {
  do
  :: d_step { owner!=0 && (pc[0]!=IDLE || told[0]) -> let_go(0); pc[0]=IDLE; told[0]=0 }
  :: d_step { owner!=1 && (pc[1]!=IDLE || told[1]) -> let_go(1); pc[1]=IDLE; told[1]=0 }
  od
}
/* The coordinator of transactional id t. */
proctype Broker(byte t) {
  do
  :: d_step { ts[t]==PREPC && mo[t] -> mo[t]=0; h=0;
       do :: h<ln -> if :: ltid[h]==t -> lst[h]=1 :: else fi; h++ :: else -> break od; pops();
       if :: !mp[t] -> ts[t]=EMPTY :: else fi }
  :: d_step { ts[t]==PREPC && mp[t] -> mp[t]=0; h=0;
       do :: h<pn -> if :: ptid[h]==t -> pst[h]=1 :: else fi; h++ :: else -> break od; pops();
       if :: !mo[t] -> ts[t]=EMPTY :: else fi }
  :: d_step { dc[t] && ts[t]==ONGOING -> dc[t]=0; ts[t]=PREPC; mo[t]=1; mp[t]=1 }
  :: d_step { dc[t] -> dc[t]=0 }                                   /* lost for good */
  :: d_step { bcoord>0 && ts[t]==ONGOING -> bcoord--; bump(t) }    /* transaction.timeout.ms */
  :: d_step { ts[t]==ONGOING && !kv[2*t] && !kv[2*t+1] && !dc[t] -> bump(t) }   /* the same, nobody left to end it */
  :: d_step { di[t]>0 && ts[t]!=PREPC -> di[t]--; bump(t) }        /* a delayed init takes effect */
  od
}
/* Postgres goes on with a commit whose client is gone. */
proctype PgServer(byte i) {
  do
  :: d_step { pgd[i]>0 ->
#ifdef NO_FENCE
       if :: CAS_LATE(i) -> pgapply(pgd[i]) :: else fi;
#else
       if :: pgdv[i] && CAS_LATE(i) -> pgapply(pgd[i]) :: else fi;
#endif
       pgd[i]=0; pgdv[i]=0 }
  :: d_step { pgd[i]>0 -> pgd[i]=0; pgdv[i]=0 }                    /* rolled back */
  od
}
#ifdef SHARED_PROG   /* another lane's open transaction in the same progress partition; rule: partition = lane */
proctype Other() {
  do
  :: d_step { bother>0 && !oopen -> bother--; oopen=1; assert(pn<LM); pval[pn]=0; ptid[pn]=9; pst[pn]=0; pn++ }
  :: d_step { oopen -> oopen=0; h=0; do :: h<pn -> if :: ptid[h]==9 -> pst[h]=1 :: else fi; h++ :: else -> break od; pops(); h=0 }
  od
}
#endif
/* Nothing more can happen: then everything is decided and published. */
proctype Mon() {
  end: timeout ->
#ifndef NOEND
    assert(next==N+1 && pub==N && prog==N)
#else
    skip
#endif
}
init {
  atomic { told[0]=1; run P(0); run P(1); run Group(); run Revoke(); run Broker(0);
#if NT==2
    run Broker(1);
#endif
    run PgServer(0); run PgServer(1);
#ifdef SHARED_PROG
    run Other();
#endif
    run Mon() }
}
