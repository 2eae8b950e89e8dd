#include "smmuvp/smmu_sc/injection.h"

#include "smmuvp/smmu/injection.h"

namespace smmuvp::smmu {

Injection ask(Injector& injector, const MemoryOp& op, const AccessRequest* client) {
  InjectionSite site;
  site.point = InjectionPoint::own_access;
  site.what = op.purpose;
  site.of = op.source;
  site.stage = op.stage;
  if (op.stage != 0) site.level = op.level;
  site.updates = op.kind != MemoryOpKind::read;
  if (client != nullptr) name_client(site, *client);
  site.address = op.address;
  site.time_ps = op.time;
  return injector.at(site);
}

bool aborts(Injector& injector, const AccessRequest& request, std::uint64_t iova, std::uint64_t address,
            TimePs time) {
  InjectionSite site;
  site.point = InjectionPoint::transaction;
  site.what = place_transaction.name;
  name_client(site, request);
  site.iova = iova;
  site.address = address;
  site.time_ps = time;
  return injector.at(site).kind == InjectionKind::abort;
}

}  // namespace smmuvp::smmu
