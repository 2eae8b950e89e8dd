#pragma once
struct device;
typedef enum { IRQ_NONE, IRQ_HANDLED, IRQ_WAKE_THREAD } irqreturn_t;
typedef irqreturn_t (*irq_handler_t)(int irq, void* dev_id);
#define IRQF_SHARED 0x80u
int devm_request_threaded_irq(struct device* dev, unsigned irq, irq_handler_t handler, irq_handler_t thread,
                              unsigned long flags, const char* name, void* id);
#define devm_request_irq(dev, irq, handler, flags, name, id) \
  devm_request_threaded_irq(dev, irq, handler, 0, flags, name, id)
