#include "smmuvp/smmu/injection.h"

#include "smmuvp/smmu/engine.h"

namespace smmuvp::smmu {

void name_client(InjectionSite& site, const AccessRequest& client) {
  site.stream = client.stream_id;
  if (client.substream_valid) site.substream = client.substream_id;
  site.access = client.kind == AccessKind::atomic  ? InjectionAccess::atomic
                : client.kind == AccessKind::write ? InjectionAccess::write
                                                   : InjectionAccess::read;
  site.iova = client.address;
}

bool Engine::ask_for_conflict(const AccessRequest& request, TimePs time) {
  if (request.debug || !m_injector->wants(InjectionPoint::lookup)) return false;
  InjectionSite site;
  site.point = InjectionPoint::lookup;
  site.what = place_lookup.name;
  name_client(site, request);
  site.time_ps = time;
  return m_injector->at(site).kind == InjectionKind::conflict;
}

TimePs Engine::ask_for_delay(std::string_view which, TimePs time) {
  InjectionSite site;
  site.point = InjectionPoint::sync;
  site.what = place_sync.name;
  site.of = which;
  site.time_ps = time;
  const Injection injection = m_injector->at(site);
  return injection.kind == InjectionKind::delay ? injection.delay_ps : 0;
}

bool Engine::ask_for_full(std::string_view queue, std::uint32_t stream_id, TimePs time) {
  InjectionSite site;
  site.point = InjectionPoint::record;
  site.what = queue;
  site.stream = stream_id;
  site.time_ps = time;
  return m_injector->at(site).kind == InjectionKind::full;
}

}  // namespace smmuvp::smmu
