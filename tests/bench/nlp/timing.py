# SPDX-License-Identifier: Apache-2.0
"""Whether a person gets the conversation at the right turn: Golden Transfer within Tolerance (Liu et al., "Time to Transfer: Predicting and
Evaluating Machine-Human Chatting Handoff", AAAI 2021), here without its tilt towards early or late ones.

The sets of that paper are Chinese, and no public set has whole conversations of customers in Spanish, Portuguese or English with the turn at
which a person should take over. So conversations are composed of messages that others labelled one by one: some that ask for nothing of the kind,
and in every second conversation one that does. What is asked about their order is only what a trigger sees of it, each message by itself.
"""
import math
import random

CONVERSATIONS = 2000
TURNS = 3, 12  # of the customer


def score(found, wanted, tolerance):
    """1 at a wanted turn, less the farther away; turns as lists. Nothing found where nothing was wanted is right."""
    if not found or not wanted:
        return float(not found and not wanted)
    return sum(max(math.exp(-(f - w) ** 2 / (2 * tolerance ** 2)) for w in wanted) for f in found) / len(found)


def compose(asks, others, seed=1):
    """Conversations of indices: (the turns, the turns at which a person is asked for)."""
    rng = random.Random(seed)
    for i in range(CONVERSATIONS):
        turns = [rng.choice(others) for _ in range(rng.randint(*TURNS))]
        at = [rng.randrange(1, len(turns))] if i % 2 else []
        for turn in at:
            turns[turn] = rng.choice(asks)
        yield turns, at


def measure(figure, fires, true):
    """fires, true: of each message, whether the trigger fires, and whether a person is asked for. The first that fires hands over."""
    asks, others = [i for i, ask in enumerate(true) if ask], [i for i, ask in enumerate(true) if not ask]
    talks = list(compose(asks, others))
    found = [next(([n] for n, i in enumerate(turns) if fires[i]), []) for turns, _ in talks]
    for tolerance in (1, 2, 3):
        reached = sum(score(f, wanted, tolerance) for f, (_, wanted) in zip(found, talks)) / len(talks)
        never = sum(score([], wanted, tolerance) for _, wanted in talks) / len(talks)
        figure(f"handoff_gt_{tolerance}", round(100 * reached, 1), "-", f"never: {round(100 * never, 1)}")
    exact = sum(f == wanted for f, (_, wanted) in zip(found, talks))
    early = sum(bool(f) and (not wanted or f[0] < wanted[0]) for f, (_, wanted) in zip(found, talks))
    figure("handoff_at_the_turn", round(100 * exact / len(talks), 1), "-",
           f"too early, or for nothing: {round(100 * early / len(talks), 1)}; {len(talks)} conversations")
