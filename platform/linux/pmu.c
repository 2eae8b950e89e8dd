// SPDX-License-Identifier: MIT
/*
 * Counts by Linux's perf events, as `perf stat` does: a process of Linux
 * without any library. Layouts are those of include/uapi/linux/perf_event.h,
 * files those that each driver of counters has in sysfs.
 *
 *	pmu NAME/EVENT[/STREAMID[/span]]...
 *		counts until standard input has a character or ends, then
 *		prints a line each: the count, and for how many nanoseconds it
 *		was counted. The filter is that of arm_smmuv3_pmu, STREAMID
 *		hexadecimal
 */

#include "process.h"

#define DEVICES "/sys/bus/event_source/devices/"

enum { TOTAL_TIME_ENABLED = 1, TOTAL_TIME_RUNNING = 2 };
/* The driver's `format` files: of config1 */
#define FILTER_SPAN (1UL << 32)
#define FILTER_ENABLE (1UL << 33)
enum { MAX_EVENTS = 16 };

/* The first version of it, of 64 bytes. */
struct perf_event_attr {
	u32 type;
	u32 size;
	u64 config;
	u64 sample_period;
	u64 sample_type;
	u64 read_format;
	u64 flags;
	u32 wakeup;
	u32 bp_type;
	u64 config1;
};

/* Up to the next '/' or the end; @return what comes behind it */
static const char *word(const char *from, char *to, u32 size)
{
	u32 n = 0;

	while (*from && *from != '/') {
		if (n + 1 < size)
			to[n++] = *from;
		from++;
	}
	to[n] = 0;
	return *from ? from + 1 : from;
}

static void append(char *to, const char *text)
{
	while (*to)
		to++;
	while ((*to++ = *text++))
		;
}

static u64 number(const char *text, u32 base)
{
	u64 value = 0;

	if (text[0] == '0' && text[1] == 'x') {
		base = 16;
		text += 2;
	}
	for (; *text; text++) {
		u32 digit = *text <= '9' ? (u32)(*text - '0') :
					   (u32)((*text | 0x20) - 'a' + 10);

		if (digit >= base)
			break;
		value = value * base + digit;
	}
	return value;
}

/* A file of the driver's folder. @return 0, or -1 */
static int read_text(const char *name, const char *file, char *to, u32 size)
{
	char path[256] = DEVICES;
	long fd, n;

	append(path, name);
	append(path, file);
	fd = call(SYS_openat, -100, (long)path, 0, 0, 0, 0);
	if (fd < 0)
		return -1;
	n = call(SYS_read, fd, (long)to, size - 1, 0, 0, 0);
	call(SYS_close, fd, 0, 0, 0, 0, 0);
	if (n <= 0)
		return -1;
	to[n] = 0;
	return 0;
}

/* @return the file of the event, or a negative error */
static long open_event(const char *text)
{
	struct perf_event_attr attr = {
		.size = sizeof(attr),
		.read_format = TOTAL_TIME_ENABLED | TOTAL_TIME_RUNNING,
	};
	char name[64], event[64], sid[32], span[8], value[64];
	char file[80] = "/events/";

	text = word(text, name, sizeof(name));
	text = word(text, event, sizeof(event));
	text = word(text, sid, sizeof(sid));
	word(text, span, sizeof(span));
	append(file, event);
	if (read_text(name, "/type", value, sizeof(value)))
		return -1;
	attr.type = (u32)number(value, 10);
	/* "event=0x01" */
	if (read_text(name, file, value, sizeof(value)))
		return -1;
	attr.config = number(value + sizeof("event=") - 1, 16);
	if (sid[0])
		attr.config1 = number(sid, 16) | FILTER_ENABLE;
	if (span[0])
		attr.config1 |= FILTER_SPAN;
	/* Of no process, on processor 0 */
	return call(SYS_perf_event_open, (long)&attr, -1, 0, -1, 0, 0);
}

static void say_decimal(u64 value)
{
	char text[24];
	u32 at = sizeof(text) - 1;

	text[at] = 0;
	do
		text[--at] = (char)('0' + value % 10);
	while (value /= 10);
	say(text + at);
}

static int run(int argc, char **argv)
{
	long events[MAX_EVENTS];
	char input;
	int n = argc - 1;

	if (n < 1 || n > MAX_EVENTS)
		return 2;
	for (int i = 0; i < n; i++) {
		events[i] = open_event(argv[i + 1]);
		if (events[i] < 0) {
			say("# cannot count ");
			say(argv[i + 1]);
			say("\n");
			return 1;
		}
	}
	say("# counting\n");
	call(SYS_read, 0, (long)&input, 1, 0, 0, 0);
	for (int i = 0; i < n; i++) {
		/* the count, time enabled, time running */
		u64 values[3] = { 0 };

		if (call(SYS_read, events[i], (long)values, sizeof(values), 0,
			 0, 0) != sizeof(values))
			return 1;
		/* It was not counted all the time. */
		if (values[1] != values[2])
			return 1;
		say("# ");
		say(argv[i + 1]);
		say(" ");
		say_decimal(values[0]);
		say(" ");
		say_decimal(values[1]);
		say("\n");
	}
	return 0;
}
