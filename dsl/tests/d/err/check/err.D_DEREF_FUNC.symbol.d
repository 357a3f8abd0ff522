BEGIN { trace(*`do_exit); }
