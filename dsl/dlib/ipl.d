/*
 * ipl: 0 in a thread, 1 in a soft interrupt, 2 in a hard one, 3 in one that cannot be masked. preempt_count comes before.
 * The bits that have had the same place since Linux 2.6; that of the last kind has had two.
 */
inline uint_t ipl = (preempt_count & 0x04100000) != 0 ? 3 : (preempt_count & 0x000f0000) != 0 ? 2 :
    (preempt_count & 0x00000100) != 0 ? 1 : 0;
