#pragma D depends_on provider nosuch
BEGIN { x = 1; }
