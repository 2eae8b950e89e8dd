/* Places of the parts that are not there. */
#include <arch.h>
#include <kallsyms.h>
#include <kernel.h>
#include <shell.h>
#include <delay.h>
#include <export.h>
bool module_lookup_symbol(unsigned long addr, struct symbol_info *info) { return false; }
void initramfs_init(phys_addr_t start, u64 size) {}
void shell_main(void) { pr_info("no shell in this build\n"); }
int shell_printf(const char *fmt, ...)
{
	char buf[256]; va_list ap; va_start(ap, fmt); int n = vsnprintf(buf, 256, fmt, ap); va_end(ap); console_write(buf, strlen(buf)); return n;
}
EXPORT_SYMBOL(shell_printf);
