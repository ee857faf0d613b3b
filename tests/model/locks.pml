/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Row locks. The rule: the lane's row, conversations by id, agents, then the rows of sends, commands and timers; desk
 * functions never touch the lane's row; a claim is one transaction. A deadlock is an invalid end state.
 * -DRULE leaves a rule out and must end in an error.
 */
#define C0 0
#define C1 1     /* conversations */
#define L 2      /* the lane's row */
#define A 3      /* an agent's row */
#define S0 4
#define S1 5     /* unique keys of sends */
byte x[6]; byte s[6];   /* exclusive holder, number of sharers */
inline X(r) { atomic { x[r]==0 && s[r]==0 -> x[r]=1 } }
inline SH(r) { atomic { x[r]==0 -> s[r]++ } }
inline UX(r) { x[r]=0 }
inline US(r) { s[r]-- }

/* core/store/commit.c: send_advance, then writes sorted by id (compare_writes); rlv_store_hold takes the same in the same order. */
proctype LaneBatch() {
  X(L);
#ifdef UNORDERED
  if :: X(C0); X(C1) :: X(C1); X(C0) fi;
#else
  X(C0); X(C1);
#endif
  d_step { UX(C0); UX(C1); UX(L) }
}
/* Another lane, once a merge of identities touches conversations of both. */
proctype OtherLane() {
#ifdef UNORDERED
  if :: X(C0); X(C1) :: X(C1); X(C0) fi;
#else
  X(C0); X(C1);
#endif
  d_step { UX(C0); UX(C1) }
}
/* relevo.claim: the conversation FOR SHARE, then the send's row. */
proctype Deliver() {
#ifdef DELIVER_BATCH  /* several claims in one transaction, as they come */
  if :: SH(C0); X(S0); SH(C1); X(S1) :: SH(C1); X(S1); SH(C0); X(S0) fi;
  d_step { US(C0); US(C1); UX(S0); UX(S1) }
#else
  SH(C0); X(S0); d_step { US(C0); UX(S0) }; SH(C1); X(S1); d_step { US(C1); UX(S1) }
#endif
}
/* relevo.desk_lock: FOR UPDATE at once. */
proctype Takeover(byte c) {
#ifdef UPGRADE        /* looks FOR SHARE, then updates */
  SH(c); atomic { x[c]==0 && s[c]==1 -> s[c]=0; x[c]=1 };
#else
  X(c);
#endif
#ifdef DESK_LANE      /* a desk function that asks for the lane's row: its fence, or its sequence */
  X(L);
  UX(L);
#endif
  UX(c)
}
/* relevo.assign_waiting, of a lane and of an agent who pulls. It skips what is locked, so that it never waits; the order
   holds all the same. */
proctype Assign(byte c) {
  X(c); X(A); d_step { UX(c); UX(A) }
}
proctype Pull(byte c) {
#ifdef AGENT_FIRST
  X(A); X(c);
#else
  X(c); X(A);
#endif
  d_step { UX(c); UX(A) }
}
init { atomic {
  run LaneBatch(); run OtherLane(); run Deliver(); run Deliver(); run Takeover(C0); run Takeover(C0); run Takeover(C1);
  run Assign(C0); run Pull(C0) } }
