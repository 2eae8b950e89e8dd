/* KTAP results (Kernel Test Anything Protocol, version 1). */
#include <export.h>
#include <kernel.h>
#include <ktap.h>
#include <shell.h>

static unsigned int planned, seen, failures, missing;

void ktap_plan(unsigned int count)
{
	/* A list that was not finished stays a failure. */
	missing += planned - seen;
	planned = count;
	seen = 0;
	shell_printf("KTAP version 1\n1..%u\n", count);
}
EXPORT_SYMBOL(ktap_plan);

static void result(bool ok, const char *reason, const char *fmt, va_list ap)
{
	struct va_format vf;
	va_list copy;

	va_copy(copy, ap);
	vf.fmt = fmt;
	vf.va = &copy;
	if (seen == planned) {
		shell_printf("# more results than planned\n");
		failures++;
	} else {
		seen++;
	}
	shell_printf("%s %u - %pV%s%s\n", ok ? "ok" : "not ok", seen, &vf,
		     reason ? " # SKIP " : "", reason ? reason : "");
	va_end(copy);
	if (!ok)
		failures++;
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
	struct va_format vf;
	va_list ap;

	va_start(ap, fmt);
	vf.fmt = fmt;
	vf.va = &ap;
	shell_printf("# %pV\n", &vf);
	va_end(ap);
}
EXPORT_SYMBOL(ktap_diag);

unsigned int ktap_failures(void)
{
	return failures;
}
EXPORT_SYMBOL(ktap_failures);

unsigned int ktap_missing(void)
{
	return missing + planned - seen;
}
EXPORT_SYMBOL(ktap_missing);
