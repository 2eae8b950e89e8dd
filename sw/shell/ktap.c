// SPDX-License-Identifier: MIT
/* KTAP results (Kernel Test Anything Protocol, version 1). */
#include <export.h>
#include <kernel.h>
#include <ktap.h>
#include <mutex.h>
#include <shell.h>
#include <slab.h>

/* The counts, and the order of what is printed. */
static DEFINE_MUTEX(lock);
static unsigned int planned, seen, failures, missing;

/* Of the list at hand. */
static unsigned int still_missing(void)
{
	return planned > seen ? planned - seen : 0;
}

void ktap_plan(unsigned int count)
{
	mutex_lock(&lock);
	if (still_missing())
		shell_printf("# %u results of the list before are missing\n",
			     still_missing());
	missing += still_missing();
	planned = count;
	seen = 0;
	/* TAP 14, "Plan" */
	shell_printf("KTAP version 1\n1..%u%s\n", count,
		     count ? "" : " # SKIP no tests");
	mutex_unlock(&lock);
}
EXPORT_SYMBOL(ktap_plan);

/* A '#' in a description would start a directive (TAP 14, "Escaping"), and a
 * line ends where it is meant to. NULL: there is no memory for it.
 */
static char *description(const char *fmt, va_list ap)
{
	char *plain = kvasprintf(GFP_KERNEL, fmt, ap), *out, *at;
	const char *p;

	out = plain ? kmalloc(4 * strlen(plain) + 1, GFP_KERNEL) : NULL;
	for (p = plain, at = out; out && *p; p++) {
		if (*p == '#' || *p == '\\')
			*at++ = '\\';
		if ((*p < ' ' && *p != '\t') || *p == 127)
			at += snprintf(at, 5, "\\x%02x", *p);
		else
			*at++ = *p;
	}
	if (out)
		*at = 0;
	kfree(plain);
	return out;
}

static char *describe(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = description(fmt, ap);
	va_end(ap);
	return s;
}

static void result(bool ok, const char *reason, const char *fmt, va_list ap)
{
	char *name = description(fmt, ap);
	char *why = reason ? describe("%s", reason) : NULL;

	mutex_lock(&lock);
	if (++seen > planned)
		shell_printf("# more results than planned: %u\n", planned);
	if (!ok || seen > planned)
		failures++;
	shell_printf("%s %u - %s%s%s\n",
		     ok && seen <= planned ? "ok" : "not ok", seen,
		     name ? name : "(no memory for the name)",
		     reason ? " # SKIP " : "", why ? why : "");
	mutex_unlock(&lock);
	kfree(why);
	kfree(name);
}

bool ktap_ok(bool ok, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result(ok, NULL, fmt, ap);
	va_end(ap);
	return ok;
}
EXPORT_SYMBOL(ktap_ok);

void ktap_skip(const char *reason, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	result(true, reason, fmt, ap);
	va_end(ap);
}
EXPORT_SYMBOL(ktap_skip);

void ktap_diag(const char *fmt, ...)
{
	va_list ap;
	char *s;

	va_start(ap, fmt);
	s = kvasprintf(GFP_KERNEL, fmt, ap);
	va_end(ap);
	/* A line end would start one that is no diagnostic. */
	shell_printf("# %pE\n", s ? s : "(no memory for the text)");
	kfree(s);
}
EXPORT_SYMBOL(ktap_diag);

unsigned int ktap_failures(void)
{
	return READ_ONCE(failures);
}
EXPORT_SYMBOL(ktap_failures);

unsigned int ktap_missing(void)
{
	unsigned int n;

	mutex_lock(&lock);
	n = missing + still_missing();
	mutex_unlock(&lock);
	return n;
}
EXPORT_SYMBOL(ktap_missing);
