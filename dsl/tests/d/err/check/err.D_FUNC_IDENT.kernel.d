BEGIN { trace(`do_exit(1)); }
