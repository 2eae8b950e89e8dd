// SPDX-License-Identifier: MIT
/* Must be refused: it is not GPL compatible and uses a GPL-only symbol. */
#include <module.h>
#include "test-export.h"

static int __init test_proprietary_init(void)
{
	return test_export_gpl() - 42;
}
module_init(test_proprietary_init);

MODULE_LICENSE("Proprietary");
