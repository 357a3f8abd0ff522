struct nope v; BEGIN { trace(1); }
