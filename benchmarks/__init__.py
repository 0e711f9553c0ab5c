"""How fast the product is, beside programs that do the same work: `python -m benchmarks`.

Work A is M/M/n+M: 50 calls a minute, mean service 3 min, 150 agents, mean patience 2 min.

Work B puts an AI fleet in front of a two-priority human queue: 50 contacts a minute. 80 % go to the fleet
(log-normal sessions, mean 2 min, cv 0.5, cap 200; a full fleet sends them to people at low priority), and a
quarter of the sessions escalate at their end at high priority (log-normal handling, mean 6 min, cv 0.8). 20 % go
straight to people at low priority (mean 4 min, cv 0.8). 70 agents, mean patience 3 min, first come first served
within a priority, nobody interrupted.

`naive_simpy` does them as a textbook would, `reference.c` as a careful engineer would by hand, `product` through
the product's own engine. All follow every contact to its end and report the same `Tally`; `agreement` lets no
speed be printed before the programs agree with each other, and on work A with Erlang's exact numbers.
"""
