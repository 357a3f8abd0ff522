/* The profile provider: arg0 is the kernel's program counter, arg1 the process's; one of them is 0. */
profile-997
/(arg0 == 0) != (arg1 == 0)/
{
	@[cpu >= 0] = count();
	fired = 1;
}

tick-10ms
/fired/
{
	printf("sampled\n");
	exit(0);
}

END { trunc(@); }
