/* bcryptprimitives.dll, which Go's programs ask for random numbers and Debian's Wine has not. */
#include <windows.h>

BOOLEAN NTAPI SystemFunction036(PVOID to, ULONG length); /* RtlGenRandom, of advapi32.dll */

__declspec(dllexport) BOOL WINAPI ProcessPrng(BYTE *to, SIZE_T length) { return SystemFunction036(to, (ULONG)length); }
