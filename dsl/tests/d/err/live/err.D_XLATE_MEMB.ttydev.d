BEGIN { trace(curpsinfo->pr_ttydev); }
