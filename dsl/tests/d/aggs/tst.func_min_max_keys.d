/* min() and max() by key. */
BEGIN
{
	@lo["a"] = min(3); @lo["a"] = min(1); @lo["b"] = min(9);
	@hi["a"] = max(3); @hi["a"] = max(1); @hi["b"] = max(9);
	exit(0);
}
