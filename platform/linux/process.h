/* SPDX-License-Identifier: MIT */
/*
 * What the programs of `./vp linux` have in place of a library: calls of
 * Linux, text on standard output, and _start, which calls run().
 */

typedef unsigned char u8;
typedef unsigned short u16;
typedef unsigned int u32;
typedef unsigned long u64;
typedef long s64;

enum { SYS_ioctl = 29, SYS_openat = 56, SYS_close = 57, SYS_read = 63,
       SYS_write = 64, SYS_pread64 = 67, SYS_pwrite64 = 68, SYS_exit = 93,
       SYS_nanosleep = 101, SYS_mmap = 222, SYS_perf_event_open = 241 };

static inline long call(long n, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = n;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

void *memset(void *to, int byte, u64 n)
{
	u8 *p = to;

	while (n--)
		*p++ = (u8)byte;
	return to;
}

static inline void say(const char *text)
{
	u64 n = 0;

	while (text[n])
		n++;
	call(SYS_write, 1, (long)text, (long)n, 0, 0, 0);
}

static inline void say_number(const char *what, u64 value)
{
	char text[20] = "0x";
	int at = 2;

	for (int shift = 60; shift >= 0; shift -= 4)
		text[at++] = "0123456789abcdef"[value >> shift & 15];
	text[at++] = '\n';
	text[at] = 0;
	say("# ");
	say(what);
	say(" ");
	say(text);
}

static inline int same(const char *a, const char *b)
{
	while (*a && *a == *b) {
		a++;
		b++;
	}
	return *a == *b;
}

/* AT_FDCWD, O_RDWR */
static inline int open_file(const char *path)
{
	return (int)call(SYS_openat, -100, (long)path, 2, 0, 0, 0);
}

/* @return the exit code */
static int run(int argc, char **argv);

/* The stack holds argc, argv[0], argv[1] ... */
__attribute__((noreturn, used)) static void start(u64 *stack)
{
	call(SYS_exit, run((int)stack[0], (char **)(stack + 1)), 0, 0, 0, 0, 0);
	__builtin_unreachable();
}

__asm__(".globl _start\n_start:\n\tmov x0, sp\n\tb start\n");
