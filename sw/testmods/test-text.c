// SPDX-License-Identifier: MIT
/* Formats, numbers, bit arrays. */
#include <kernel.h>
#include <ktap.h>
#include "test-core.h"

static bool fmt_is(const char *want, const char *fmt, ...)
	__printf(2, 3);

static bool fmt_is(const char *want, const char *fmt, ...)
{
	char buf[96];
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vsnprintf(buf, sizeof(buf), fmt, ap);
	va_end(ap);
	if (n == (int)strlen(want) && !strcmp(buf, want))
		return true;
	ktap_diag("got '%s', expected '%s'", buf, want);
	return false;
}

static void test_format(void)
{
	u64 pa = 0x1234;
	char small[4];

	ktap_ok(fmt_is("-5 5 +5 0005 5   |", "%d %u %+d %04d %-4d|", -5, 5u, 5,
		       5, 5) &&
		fmt_is("ff FF 0xff 0x000ff", "%x %X %#x %#07x", 255, 255, 255,
		       255) &&
		fmt_is("-9223372036854775808", "%lld",
		       -9223372036854775807LL - 1) &&
		fmt_is("  007", "%5.3d", 7), "integers are formatted");
	ktap_ok(fmt_is("ab  |  ab|a", "%-4s|%4s|%.1s", "ab", "ab", "ab") &&
		fmt_is("x%y", "x%%%c", 'y'), "strings are formatted");
	ktap_ok(fmt_is("0x0000000000001234", "%pa", &pa) &&
		fmt_is("-EBUSY", "%pe", ERR_PTR(-EBUSY)) &&
		fmt_is("printk", "%ps", (void *)printk),
		"pointers are formatted");
	ktap_ok(snprintf(small, sizeof(small), "%s", "abcdef") == 6 &&
		!strcmp(small, "abc"), "a short buffer is closed");
}

static void test_numbers(void)
{
	unsigned long v = 1;
	unsigned int u;
	int i;

	ktap_ok(!kstrtoul("0x1f", 0, &v) && v == 31 &&
		!kstrtoul("010", 0, &v) && v == 8 &&
		!kstrtoul("12\n", 10, &v) && v == 12 &&
		!kstrtoint("-7", 10, &i) && i == -7, "numbers are read");
	ktap_ok(kstrtoul("", 0, &v) == -EINVAL &&
		kstrtoul("12x", 0, &v) == -EINVAL &&
		kstrtoul("0x", 0, &v) == -EINVAL &&
		kstrtoul("18446744073709551616", 10, &v) == -ERANGE &&
		kstrtouint("4294967296", 10, &u) == -ERANGE,
		"what is no number is refused");
}

static void test_bitmap(void)
{
	DECLARE_BITMAP(map, 200) = { 0 };
	bool ok;

	bitmap_set(map, 3, 150);
	ok = find_first_bit(map, 200) == 3 &&
	     find_next_zero_bit(map, 200, 3) == 153 &&
	     find_next_bit(map, 200, 153) == 200;
	bitmap_clear(map, 60, 10);
	ok &= find_next_zero_bit(map, 200, 3) == 60 &&
	      find_next_bit(map, 200, 60) == 70;
	ktap_ok(ok, "bit arrays are searched");
	ktap_ok(bitmap_find_next_zero_area(map, 200, 0, 4, 3) == 60 &&
		bitmap_find_next_zero_area(map, 200, 0, 9, 0) == 60 &&
		bitmap_find_next_zero_area(map, 200, 0, 11, 0) == 153 &&
		bitmap_find_next_zero_area(map, 200, 0, 60, 0) > 200,
		"free areas of bit arrays are found");
}

void test_text(void)
{
	test_format();
	test_numbers();
	test_bitmap();
}
