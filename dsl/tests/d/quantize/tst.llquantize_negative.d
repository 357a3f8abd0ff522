/* Negative values have buckets of their own, and what is near zero has one. */
BEGIN
{
	@a["ones"] = llquantize(-7, 10, 0, 1, 10); @a["ones"] = llquantize(0, 10, 0, 1, 10); @a["ones"] = llquantize(3, 10, 0, 1, 10);
	@b["small"] = llquantize(-15, 2, 4, 5, 2); @b["two"] = llquantize(-17, 2, 4, 5, 2); @b["low"] = llquantize(-64, 2, 4, 5, 2);
	@b["ends"] = llquantize(-0x7fffffffffffffff - 1, 2, 4, 5, 2); @b["ends"] = llquantize(0x7fffffffffffffff, 2, 4, 5, 2);
	@b["first"] = llquantize(16, 2, 4, 5, 2);
	exit(0);
}
