// SPDX-License-Identifier: MIT
/* PL011 (DDI 0183): the console. Output is polled, input by interrupt. */
#define pr_fmt(fmt) "pl011: " fmt
#include <arch.h>
#include <interrupt.h>
#include <io.h>
#include <kernel.h>
#include <of.h>
#include <platform_device.h>
#include <shell.h>
#include <spinlock.h>
#include <wait.h>
#include "../../kernel/printk_internal.h"

#define UARTDR		0x000
#define UARTFR		0x018
#define UARTLCR_H	0x02c
#define UARTCR		0x030
#define UARTIMSC	0x038
#define UARTMIS		0x040
#define UARTICR		0x044

#define FR_RXFE		BIT(4)
#define FR_TXFF		BIT(5)
#define LCR_H_8BIT	(3 << 5)
#define LCR_H_FEN	BIT(4)
#define CR_UARTEN	BIT(0)
#define CR_TXE		BIT(8)
#define CR_RXE		BIT(9)
#define INT_RX		BIT(4)
#define INT_RT		BIT(6)
#define DR_ERRORS	0xf00

#define RX_SIZE		1024
#define CTRL_C		3

static void __iomem *base;
static struct device_node *node;
static char rx_buf[RX_SIZE];
static unsigned int rx_head, rx_tail;
/* How often Ctrl-C went into the buffer and came out of it. */
static unsigned int rx_breaks, rx_breaks_read;
static bool interrupted;
static DECLARE_WAIT_QUEUE_HEAD(rx_wait);

/* Guards the transmitter, so that a piece of text stays together. */
static DEFINE_SPINLOCK(tx_lock);
/* Guards the receive buffer and what counts in it. */
static DEFINE_SPINLOCK(rx_lock);

static void put(char c)
{
	while (readl_relaxed(base + UARTFR) & FR_TXFF)
		cpu_relax();
	writel_relaxed((u32)(u8)c, base + UARTDR);
}

void console_write(const char *s, size_t n)
{
	unsigned long flags;
	bool locked;

	if (!base)
		return;
	local_irq_save(flags);
	locked = lock_for_text(&tx_lock);
	for (; n; n--, s++) {
		if (*s == '\n')
			put('\r');
		put(*s);
	}
	if (locked)
		spin_unlock(&tx_lock);
	local_irq_restore(flags);
}

static irqreturn_t pl011_interrupt(int irq, void *data)
{
	u32 status = readl(base + UARTMIS);

	(void)irq;
	(void)data;
	if (!status)
		return IRQ_NONE;
	spin_lock(&rx_lock);
	writel(status, base + UARTICR);
	while (!(readl(base + UARTFR) & FR_RXFE)) {
		u32 c = readl(base + UARTDR);

		if (c & DR_ERRORS)
			continue;
		c &= 0xff;
		if (c == CTRL_C)
			interrupted = true;
		/* A full buffer drops what comes. */
		if (rx_head - rx_tail == RX_SIZE)
			continue;
		rx_buf[rx_head++ % RX_SIZE] = (char)c;
		rx_breaks += c == CTRL_C;
	}
	spin_unlock(&rx_lock);
	wake_up(&rx_wait);
	return IRQ_HANDLED;
}

static bool take_char(u8 *c)
{
	unsigned long flags;
	bool got;

	spin_lock_irqsave(&rx_lock, flags);
	got = rx_head != rx_tail;
	if (got) {
		*c = (u8)rx_buf[rx_tail++ % RX_SIZE];
		rx_breaks_read += *c == CTRL_C;
	}
	spin_unlock_irqrestore(&rx_lock, flags);
	return got;
}

int console_getc(void)
{
	u8 c;

	wait_event(rx_wait, take_char(&c));
	return c;
}

bool console_interrupted(void)
{
	return READ_ONCE(interrupted);
}

void console_clear_interrupt(bool unread)
{
	unsigned long flags;

	spin_lock_irqsave(&rx_lock, flags);
	interrupted = unread && rx_breaks != rx_breaks_read;
	spin_unlock_irqrestore(&rx_lock, flags);
}

bool console_sleep(unsigned int ms)
{
	return wait_event_timeout(rx_wait, console_interrupted(), ms) != 0;
}

void __init console_init(void)
{
	struct device_node *chosen = of_find_node_by_path("/chosen");
	struct resource res;
	const char *path;

	if (!of_property_read_string(chosen, "stdout-path", &path))
		node = of_find_node_by_path(path);
	if (node && !of_device_is_available(node)) {
		pr_warn("stdout-path is %pOF, which is disabled\n", node);
		node = NULL;
	}
	if (!node || !of_device_is_compatible(node, "arm,pl011"))
		node = of_find_compatible_node(NULL, NULL, "arm,pl011");
	if (!node || of_address_to_resource(node, 0, &res))
		return;
	base = ioremap(res.start, resource_size(&res));
	if (!base)
		return;
	writel(0, base + UARTIMSC);
	writel(LCR_H_8BIT | LCR_H_FEN, base + UARTLCR_H);
	writel(CR_UARTEN | CR_TXE | CR_RXE, base + UARTCR);
	console_flush_buffer();
	pr_info("console at %pR\n", &res);
}

static int pl011_probe(struct platform_device *pdev)
{
	int irq, ret;

	/* Other ports have no user here. */
	if (pdev->dev.of_node != node)
		return -ENODEV;
	irq = platform_get_irq(pdev, 0);
	if (irq < 0)
		return irq;
	ret = devm_request_irq(&pdev->dev, (unsigned int)irq, pl011_interrupt,
			       0, "pl011", pdev);
	if (ret)
		return ret;
	writel(INT_RX | INT_RT, base + UARTIMSC);
	return 0;
}

static const struct of_device_id pl011_ids[] = {
	{ .compatible = "arm,pl011" },
	{ }
};

static struct platform_driver pl011_driver = {
	.probe = pl011_probe,
	.driver = {
		.name = "pl011",
		.of_match_table = pl011_ids,
	},
};
builtin_platform_driver(pl011_driver);
