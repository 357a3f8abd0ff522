inline int LIMIT = 5; inline string NAME = "bash"; inline int IS = pid == LIMIT; BEGIN /execname == NAME/ { trace(LIMIT * 2); trace(IS); }
