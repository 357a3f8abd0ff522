BEGIN { trace(curpsinfo->pr_pid); }
