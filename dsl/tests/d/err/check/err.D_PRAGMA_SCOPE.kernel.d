#pragma D attributes Stable/Stable/Common vmlinux`jiffies
BEGIN { x = 1; }
