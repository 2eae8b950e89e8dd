/* SPDX-License-Identifier: MIT */
/* Test results in KTAP on the console. Each failure makes a plain poweroff
 * exit with status 1.
 */
#ifndef KTAP_H
#define KTAP_H

#include <compiler.h>
#include <types.h>

/* Header and plan of a new list of @count results; 0: all of it is skipped. A
 * list that is not finished by then stays a failure: lists do not nest.
 */
void ktap_plan(unsigned int count);
/* One result; the name is the format. Beyond the plan it is a failure. Returns
 * @ok.
 */
bool ktap_ok(bool ok, const char *fmt, ...) __printf(2, 3);
void ktap_skip(const char *reason, const char *fmt, ...) __printf(2, 3);
/* "# message" */
void ktap_diag(const char *fmt, ...) __printf(1, 2);
#ifdef CONFIG_KTAP
unsigned int ktap_failures(void);
/* Results that plans miss so far. */
unsigned int ktap_missing(void);
#else
static inline unsigned int ktap_failures(void)
{
	return 0;
}

static inline unsigned int ktap_missing(void)
{
	return 0;
}
#endif

#endif
