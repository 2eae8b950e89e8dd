/* In place of the guest's header, whose sections are a kernel's. */
#define EXPORT_SYMBOL(symbol)
#define EXPORT_SYMBOL_GPL(symbol)
