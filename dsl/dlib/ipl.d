/*
 * ipl: 0 in a thread, 1 in a soft interrupt, 2 in a hard one, 3 in one that cannot be masked. __preempt comes before.
 * The bits that have had the same place since Linux 2.6; that of the last kind has had two.
 */
inline uint_t ipl = (__preempt & 0x04100000) != 0 ? 3 : (__preempt & 0x000f0000) != 0 ? 2 :
    (__preempt & 0x00000100) != 0 ? 1 : 0;
