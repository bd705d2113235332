"""The processes of one server: a supervisor process and the worker processes that it starts.

`supervisor` starts, watches and restarts workers; `worker_process` is one worker as the
supervisor sees it; `worker_main` is the main function inside a worker.  The two ends speak
by `messages` over a `channel`.  `node` sums up readiness and metrics of all workers in the
supervisor; `node_client` is a worker's side of that.
"""
