/* What the guest's sources find on the host instead of a kernel, for fuzzing. */
#ifndef GUEST_HOST_H
#define GUEST_HOST_H

#include <types.h>

/* Console output is checked: lines of text, and escape sequences if allowed. */
extern bool host_console_raw;
/* Input of console_getc(); behind its end there are carriage returns. */
extern const u8* host_input;
extern size_t host_input_left;

/* All that was allocated since, and not freed: freed now. Returns how many. */
u64 host_mark(void);
unsigned int host_free_since(u64 mark);

#endif
