// SPDX-License-Identifier: MIT
/* The message ring, and what of it goes to the console. */
#include <arch.h>
#include <export.h>
#include <irqflags.h>
#include <kernel.h>
#include <ktime.h>
#include <spinlock.h>
#include "printk_internal.h"
#include "smp_internal.h"

#define LOG_SIZE	(256 * 1024)
#define LINE_MAX	1024

/* Guards all of this file but the rate limits, and the order of what the
 * console shows.
 */
static DEFINE_SPINLOCK(log_lock);
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

/* Under the lock, @line is one for all. */
static int vprintk_line(char *line, const char *fmt, va_list ap)
{
	int level = -1, len, i = 0;
	bool cont = false;

	len = vsnprintf(line, LINE_MAX, fmt, ap);
	len = min(len, LINE_MAX - 1);
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
	return len;
}

bool lock_for_text(spinlock_t *l)
{
	unsigned int tries = 1000000;

	/* This CPU fell over a message that it was at. */
	if (spin_is_held(l))
		return false;
	if (!oops_in_progress()) {
		spin_lock(l);
		return true;
	}
	/* Who has it may have been stopped. */
	while (tries--)
		if (spin_trylock(l))
			return true;
	return false;
}

int vprintk(const char *fmt, va_list ap)
{
	/* The second is for a message within a message. */
	static char line[2][LINE_MAX];
	unsigned long flags;
	bool locked;
	int len;

	local_irq_save(flags);
	locked = lock_for_text(&log_lock);
	len = vprintk_line(line[!locked], fmt, ap);
	if (locked)
		spin_unlock(&log_lock);
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

/* Without the lock, since @write may be slow: what comes meanwhile is shown as
 * well, and a ring that is overrun meanwhile gives lines that are mixed.
 */
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
	unsigned long flags;

	spin_lock_irqsave(&log_lock, flags);
	console_ready = true;
	show_from(console_pos, console_write);
	console_pos = log_head;
	spin_unlock_irqrestore(&log_lock, flags);
}

void log_read(void (*write)(const char *s, size_t n))
{
	show_from(0, write);
}

void dmesg_show(void)
{
	log_read(console_write);
}

/* Guards every struct ratelimit_state. */
static DEFINE_SPINLOCK(ratelimit_lock);

bool __ratelimit(struct ratelimit_state *rs, const char *func)
{
	unsigned int missed = 0;
	u64 now = ktime_get_ns();
	unsigned long flags;
	bool ok;

	spin_lock_irqsave(&ratelimit_lock, flags);
	if (!rs->begin_ns || now - rs->begin_ns > 5 * NSEC_PER_SEC) {
		missed = rs->missed;
		rs->begin_ns = now ? now : 1;
		rs->printed = 0;
		rs->missed = 0;
	}
	ok = rs->printed < 10;
	if (ok)
		rs->printed++;
	else
		rs->missed++;
	spin_unlock_irqrestore(&ratelimit_lock, flags);
	if (missed)
		pr_warn("%s: %u messages suppressed\n", func, missed);
	return ok;
}
EXPORT_SYMBOL(__ratelimit);
