#pragma D option nspec = 3
BEGIN { trace(1); }
