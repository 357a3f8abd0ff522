/* Patterns. */
dtrace:::B* { printf("star\n"); }
dtrace:::BEG?N { printf("question\n"); }
dtrace:::[A-C]EGIN { printf("set\n"); }
dtrace:::[!E]EGIN { printf("negated\n"); exit(0); }
