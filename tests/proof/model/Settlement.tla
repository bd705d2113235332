----------------------------- MODULE Settlement -----------------------------
(* The settlement of clicks on several nodes: what hunt_commit promises.

   Nodes take clicks, also the same click twice. A commit is a transaction in steps: take the lock
   on the hunt's row, read the log and decide, append a row. A node may crash at each step, and an
   answer may be lost; the client then sends the click again, to any node. One prize has a
   stock, a limit for each player, and a plan that releases one unit at each tick of the clock. It
   overflows to another prize.

   The receipt of an answer is the log up to it, of which the server publishes a hash.

   Each constant of TRUE or FALSE is a part of the rule. With one of them FALSE an invariant fails,
   which shows that the invariants can fail. *)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Locks,      \* a commit holds the lock on the hunt's row
    Remembers,  \* a click that is in the log is not settled again
    Waits       \* a node answers after its commit, not before

Nodes == {"n1", "n2"}
Owner == [a |-> "ada", b |-> "bob", c |-> "ada"]
Clicks == DOMAIN Owner
Stock == 2
PerPlayer == 1
LastTick == 2
Nothing == "nothing"

VARIABLES time, log, lock, nodes, answers
vars == <<time, log, lock, nodes, answers>>

Idle == [step |-> "idle"]
Range(sequence) == {sequence[i] : i \in DOMAIN sequence}
Granted(rows) == Cardinality({i \in DOMAIN rows : rows[i].prize = "coin"})
Won(rows, player) ==
    Cardinality({i \in DOMAIN rows : rows[i].prize = "coin" /\ Owner[rows[i].click] = player})

(* What a click that drew a coin gets: with the stock used up, a shell. *)
Rule(rows, click) ==
    IF Granted(rows) >= Stock THEN "shell"
    ELSE IF Granted(rows) >= time THEN Nothing  \* the plan has released no more
    ELSE IF Won(rows, Owner[click]) >= PerPlayer THEN Nothing
    ELSE "coin"

Init ==
    /\ time = 0 /\ log = <<>> /\ lock = Nothing
    /\ nodes = [n \in Nodes |-> Idle] /\ answers = {}

Tick == time < LastTick /\ time' = time + 1 /\ UNCHANGED <<log, lock, nodes, answers>>

Take(n, click) ==
    /\ nodes[n].step = "idle"
    /\ nodes' = [nodes EXCEPT ![n] = [step |-> "waiting", click |-> click]]
    /\ UNCHANGED <<time, log, lock, answers>>

Lock(n) ==
    /\ nodes[n].step = "waiting"
    /\ Locks => lock = Nothing
    /\ lock' = n
    /\ nodes' = [nodes EXCEPT ![n].step = "reading"]
    /\ UNCHANGED <<time, log, answers>>

Decide(n) ==
    LET click == nodes[n].click
        known == {i \in DOMAIN log : log[i].click = click}
        row == [click |-> click, prize |-> Rule(log, click), at |-> time]
    IN
    /\ nodes[n].step = "reading"
    /\ nodes' = [nodes EXCEPT ![n] =
           IF Remembers /\ known # {}
           THEN LET seq == CHOOSE i \in known : TRUE
                IN [step |-> "repeat", click |-> click, row |-> log[seq], seq |-> seq]
           ELSE [step |-> "decided", click |-> click, row |-> row, seq |-> Len(log) + 1]]
    /\ UNCHANGED <<time, log, lock, answers>>

(* A set of at most one answer: that of the first client that keeps one. It may be any answer. *)
Kept(told) == IF answers = {} THEN {told} ELSE answers

Told(n, rows) == [row |-> nodes[n].row, seq |-> nodes[n].seq, receipt |-> rows]

Commit(n) ==
    /\ nodes[n].step \in {"decided", "repeat"}
    /\ log' = IF nodes[n].step = "decided" THEN Append(log, nodes[n].row) ELSE log
    /\ lock' = IF lock = n THEN Nothing ELSE lock
    /\ nodes' = [nodes EXCEPT ![n] = [step |-> "answering", told |-> Told(n, log')]]
    /\ UNCHANGED <<time, answers>>

(* The answer arrives, or is lost. *)
Answer(n) ==
    /\ nodes[n].step = "answering"
    /\ answers' \in {answers, Kept(nodes[n].told)}
    /\ nodes' = [nodes EXCEPT ![n] = Idle]
    /\ UNCHANGED <<time, log, lock>>

AnswerTooSoon(n) ==
    /\ ~Waits /\ nodes[n].step = "decided"
    /\ answers' = Kept(Told(n, Append(log, nodes[n].row)))
    /\ UNCHANGED <<time, log, lock, nodes>>

(* The database rolls back, and releases the lock. *)
Crash(n) ==
    /\ nodes[n].step # "idle"
    /\ nodes' = [nodes EXCEPT ![n] = Idle]
    /\ lock' = IF lock = n THEN Nothing ELSE lock
    /\ UNCHANGED <<time, log, answers>>

Next ==
    \/ Tick
    \/ \E n \in Nodes :
        \/ \E click \in Clicks : Take(n, click)
        \/ Lock(n) \/ Decide(n) \/ Commit(n) \/ Answer(n) \/ AnswerTooSoon(n) \/ Crash(n)

Spec == Init /\ [][Next]_vars

(* Keeps the number of states finite, also without a part of the rule. *)
Bound == Len(log) <= Cardinality(Clicks) + 1

-----------------------------------------------------------------------------

Upto(i) == SubSeq(log, 1, i)

Once == \A i, j \in DOMAIN log : log[i].click = log[j].click => i = j
StockHolds == Granted(log) <= Stock
PlanHolds == \A i \in DOMAIN log : log[i].prize = "coin" => Granted(Upto(i)) <= log[i].at
LimitHolds == \A player \in Range(Owner) : Won(log, player) <= PerPlayer
SoldOutHolds == \A i \in DOMAIN log : log[i].prize = "shell" => Granted(Upto(i)) = Stock

(* An answer is a row of the log, for ever; so two answers to one click are the same. *)
AnswersHold ==
    \A told \in answers : told.seq <= Len(log) /\ log[told.seq] = told.row

(* The rows that a receipt covers stay the beginning of the log. *)
ReceiptsHold ==
    \A told \in answers :
        /\ told.seq <= Len(told.receipt) /\ Len(told.receipt) <= Len(log)
        /\ Upto(Len(told.receipt)) = told.receipt
=============================================================================
