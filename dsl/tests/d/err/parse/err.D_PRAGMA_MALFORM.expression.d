#pragma D option nspec=3 * 4
BEGIN { trace(1); }
