// SPDX-License-Identifier: MIT
/* The message ring, and what of it goes to the console. */
#include <arch.h>
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <ktime.h>
#include "printk_internal.h"

#define LOG_SIZE	(256 * 1024)
#define LINE_MAX	1024

/* Text as shown, a line after the other; the oldest are overwritten. */
static char log_buf[LOG_SIZE];
static u64 log_head;		/* bytes ever written */
static u64 console_pos;		/* bytes the console has passed */
static bool at_line_start = true;
static int cur_level = 6;

int console_loglevel = 7;
bool console_ready;

static void log_put(const char *s, size_t n)
{
	while (n--)
		log_buf[log_head++ % LOG_SIZE] = *s++;
}

static void emit(const char *s, size_t n, bool show)
{
	log_put(s, n);
	if (console_ready && show)
		console_write(s, n);
	if (console_ready)
		console_pos = log_head;
}

int vprintk(const char *fmt, va_list ap)
{
	static char line[LINE_MAX];
	int level = -1, len, i = 0;
	unsigned long flags;
	bool cont = false;

	local_irq_save(flags);
	len = vsnprintf(line, sizeof(line), fmt, ap);
	len = min(len, (int)sizeof(line) - 1);
	/* In the text, not the format: it may have come by a %s. */
	if (len >= 2 && line[0] == KERN_SOH[0]) {
		if (line[1] == 'c')
			cont = true;
		else
			level = line[1] - '0';
		i = 2;
	}
	if (!cont) {
		if (!at_line_start)
			emit("\n", 1, cur_level < console_loglevel);
		at_line_start = true;
		cur_level = level < 0 ? 4 : level;
	}
	while (i < len) {
		int j = i;

		if (at_line_start) {
			u64 us = ktime_get_ns() / 1000;
			char stamp[32];
			int n = scnprintf(stamp, sizeof(stamp),
					  "[%5llu.%06llu] ", us / 1000000,
					  us % 1000000);

			emit(stamp, (size_t)n, cur_level < console_loglevel);
		}
		while (j < len && line[j] != '\n')
			j++;
		at_line_start = j < len;
		if (j < len)
			j++;
		emit(line + i, (size_t)(j - i), cur_level < console_loglevel);
		i = j;
	}
	local_irq_restore(flags);
	return len;
}
EXPORT_SYMBOL(vprintk);

int printk(const char *fmt, ...)
{
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vprintk(fmt, ap);
	va_end(ap);
	return n;
}
EXPORT_SYMBOL(printk);

static void show_from(u64 pos, void (*write)(const char *s, size_t n))
{
	if (log_head - pos > LOG_SIZE) {
		/* Start at a whole line. */
		pos = log_head - LOG_SIZE;
		while (pos < log_head && log_buf[pos++ % LOG_SIZE] != '\n')
			;
	}
	while (pos < log_head) {
		size_t at = pos % LOG_SIZE;
		size_t n = min(log_head - pos, LOG_SIZE - at);

		write(log_buf + at, n);
		pos += n;
	}
}

void console_flush_buffer(void)
{
	console_ready = true;
	show_from(console_pos, console_write);
	console_pos = log_head;
}

void log_read(void (*write)(const char *s, size_t n))
{
	show_from(0, write);
}

void dmesg_show(void)
{
	log_read(console_write);
}

bool __ratelimit(struct ratelimit_state *rs, const char *func)
{
	u64 now = ktime_get_ns();

	if (!rs->begin_ns || now - rs->begin_ns > 5 * NSEC_PER_SEC) {
		if (rs->missed)
			pr_warn("%s: %u messages suppressed\n", func,
				rs->missed);
		rs->begin_ns = now ? now : 1;
		rs->printed = 0;
		rs->missed = 0;
	}
	if (rs->printed < 10) {
		rs->printed++;
		return true;
	}
	rs->missed++;
	return false;
}
EXPORT_SYMBOL(__ratelimit);
