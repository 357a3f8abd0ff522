BEGIN { trace(`no_such); }
