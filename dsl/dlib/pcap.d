/* What pcap() captures, by the numbers that capture files have for it (LINKTYPE_…). */
inline int PCAP_ETHERNET = 1;
inline int PCAP_PPP = 9;
inline int PCAP_IP = 101;
inline int PCAP_WIFI = 105;
inline int PCAP_INFINIBAND = 247;
