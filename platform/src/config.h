// A platform as its configuration file describes it: data only. docs/configuration.md is the reference.
#pragma once
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "smmuvp/base/error.h"

namespace smmuvp::platform {

/// Where something was written, for messages. Line 0: not in a file (an option of the command line).
struct Place {
  std::string file;
  unsigned line = 0;
  unsigned column = 0;
  std::string text() const;
};

/// A mistake at a place: "file:line:column: what is wrong".
ConfigError error_at(const Place& place, const std::string& key, const std::string& text);
/// @throws ConfigError always
[[noreturn]] void config_error(const Place& place, const std::string& key, const std::string& text);

struct ParamSetting {
  std::string name;
  std::variant<bool, std::uint64_t, std::string> value;
  Place place;
};

/// A target port in the address map.
struct Window {
  std::string port;  ///< empty: the component's only target port
  std::uint64_t base = 0;
  std::uint64_t size = 0;  ///< 0: the memory's own size
  Place place;
};

struct InterruptId {
  enum class Kind { Spi, Ppi } kind = Kind::Spi;
  std::uint32_t number = 0;  ///< as in the device tree: SPI 0 is GIC interrupt 32, PPI 0 is 16
  std::string text() const;
};

struct Interrupt {
  std::string port;
  InterruptId id;
  Place place;
};

/// A line from a port of this component to a port of another.
struct Wire {
  std::string port;
  std::string component;
  std::string component_port;
  Place place;
};

/// Memory of the guest that stays a master's own, mapped one to one for it from the start.
struct Identity {
  std::uint64_t base = 0;
  std::uint64_t size = 0;
  Place place;
};

/// A bus master that reaches memory through an SMMU.
struct Behind {
  std::string smmu;
  std::string port;  ///< empty: the component's only initiator port
  std::uint32_t tbu = 0;
  std::uint32_t stream = 0;  ///< first StreamID
  std::uint32_t count = 1;   ///< StreamIDs in use
  std::optional<Identity> identity;
  Place place;
};

struct ComponentConfig {
  std::string name;
  std::string type;
  std::string bus;  ///< empty: the only router
  std::vector<ParamSetting> params;
  std::vector<Window> windows;
  std::vector<Interrupt> interrupts;
  std::vector<Wire> wires;
  std::optional<Behind> behind;
  Place place;
  Place type_place;
};

/// A file of the host: `path` is resolved already, `written` is what the configuration says.
struct HostFile {
  std::string path;
  std::string written;
  Place place;
};

struct BootConfig {
  std::optional<HostFile> kernel;
  std::vector<HostFile> modules;                        ///< to /lib/modules/<file name>
  std::optional<HostFile> init;                         ///< to /init
  std::vector<std::pair<std::string, HostFile>> files;  ///< path in the initramfs -> file
  std::optional<HostFile> initrd;  ///< a whole initramfs, instead of modules, init and files
  std::optional<HostFile> dtb;     ///< a device tree instead of the one made from the components
  std::string bootargs;
  std::string hint;  ///< how to come by what the configuration leaves open; told where that is missing
  Place place;

  std::string with_hint(const std::string& text) const { return hint.empty() ? text : text + "\n  " + hint; }
};

struct RunConfig {
  std::optional<std::uint64_t> timeout_sim_ps;
  std::optional<std::uint64_t> timeout_wall_ps;
  bool reset_passes = false;                   ///< a guest that resets the machine has ended well
  std::uint64_t min_tests = 0;                 ///< what it boots runs so many tests at least
  std::optional<std::uint64_t> console_limit;  ///< bytes
};

/// What --adverse has drawn, as --set takes it.
struct AdverseChoices {
  std::uint64_t seed = 0;
  std::vector<std::string> settings;
};

struct PlatformConfig {
  std::string file;
  std::string directory;  ///< relative paths of the file start here
  std::string name;
  std::vector<HostFile> plugin_directories;
  std::vector<ComponentConfig> components;  ///< in the file's order
  BootConfig boot;
  RunConfig run;
  std::optional<AdverseChoices> adverse;
};

/// Reads and checks the form of a configuration; what needs the components' types is checked by System.
/// @throws ConfigError with file:line:column
PlatformConfig read_config(const std::string& path);
/// The same from text. @param directory  relative paths start here.
PlatformConfig read_config_text(const std::string& text, const std::string& file,
                                const std::string& directory);

/// Adds "component.param=value" from the command line. @throws ConfigError
void apply_setting(PlatformConfig& config, const std::string& setting);

}  // namespace smmuvp::platform
