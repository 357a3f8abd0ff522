sdt:sched::sched_swich { trace(1); }
