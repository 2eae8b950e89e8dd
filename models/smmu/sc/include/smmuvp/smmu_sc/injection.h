// Where the shell asks for injected faults.
#pragma once

#include "smmuvp/base/injection.h"
#include "smmuvp/smmu/access.h"
#include "smmuvp/smmu/memory_op.h"

namespace smmuvp::smmu {

/// What is to be injected into an operation of the SMMU's own. @param client  for whose access, if it is for
/// one
Injection ask(Injector& injector, const MemoryOp& op, const AccessRequest* client);

/// Whether a part of a transaction is not sent downstream, but answered with an error. @param request  the
/// transaction's. @param iova  of the part. @param address  translated
bool aborts(Injector& injector, const AccessRequest& request, std::uint64_t iova, std::uint64_t address,
            TimePs time);

}  // namespace smmuvp::smmu
