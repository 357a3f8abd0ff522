/* The profile provider: what is on a CPU, sampled on all of them, while a timer on one CPU keeps the time. */
profile-499
{
	@[cpu] = count();
	samples++;
}

tick-10ms
/samples > 0 && ++rounds == 3/
{
	printf("three rounds\n");
	exit(0);
}

END { trunc(@); }
