BEGIN { trace(curpsinfo->pr_psargs); }
