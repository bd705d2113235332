"""The processes of one server: a supervisor process and the worker processes that it starts.

`supervisor` starts, watches and restarts workers.  `worker_process` is the supervisor's
handle of one worker, and `worker_main` is the main function inside a worker.  Both exchange
`messages` over a `channel`.  In the supervisor, `node` sums up readiness and metrics of all
workers; `node_client` is the counterpart in a worker.
"""
