sdt:sched::sched_* { trace(args[0]); }
