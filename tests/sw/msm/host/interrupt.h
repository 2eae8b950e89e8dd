#pragma once
struct device;
typedef enum { IRQ_NONE, IRQ_HANDLED } irqreturn_t;
typedef irqreturn_t (*irq_handler_t)(int irq, void* dev_id);
#define IRQF_SHARED 0x80u
int devm_request_irq(struct device* dev, unsigned irq, irq_handler_t handler, unsigned long flags,
                     const char* name, void* id);
void devm_free_irq(struct device* dev, unsigned irq, void* id);
