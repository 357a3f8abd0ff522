typedef int t; typedef long t; BEGIN { trace(1); }
