sdt:sched::sched_switch { trace(args[1]->no_such_member); }
