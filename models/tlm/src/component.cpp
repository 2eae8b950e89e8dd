#include "smmuvp/tlm/component.h"

#include <string>

#include "smmuvp/base/saved_state.h"
#include "smmuvp/tlm/sim_time.h"

namespace smmuvp {

namespace {

std::string instance(const sc_core::sc_object& object, const char* type) {
  return std::string(object.name()) + " (" + type + ")";
}

}  // namespace

Component::Component(const sc_core::sc_module_name& name, const char* type, const Params& params, Host& host)
    : sc_core::sc_module(name), m_type(type), m_parameters(params), m_host(host, instance(*this, type)) {}

Component::~Component() = default;

void Component::start_of_simulation() { m_host.check(); }

void Component::report_statistics(StatVisitor& visitor) const {
  visitor.component(name(), kind());
  statistics(visitor);
}

std::optional<ArchiveError> Component::save(std::ostream& out) {
  return save_state(out, {instance(*this, kind()), kind(), m_parameters}, to_ps(sc_core::sc_time_stamp()),
                    [this](Archive& archive) { visit(archive); });
}

std::optional<ArchiveError> Component::load(std::istream& in) {
  return load_state(in, {instance(*this, kind()), kind(), m_parameters}, to_ps(sc_core::sc_time_stamp()),
                    [this](Archive& archive) { visit(archive); });
}

}  // namespace smmuvp
