"""Routes for operators (``/v1/admin``, ``/ops``) and for load balancers and Prometheus."""
